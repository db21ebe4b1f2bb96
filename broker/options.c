/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/options.h"

#include <errno.h>
#include <string.h>

#include "common/account.h"

#define CONTROL_GROUP "vgpu"

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

#define KEY(name, kind, initial_, doc_, min_, max_, names_)                                        \
    {                                                                                              \
        "broker", #name, kind, offsetof(struct br_settings, name), initial_, doc_, min_, max_,     \
            names_                                                                                 \
    }

#define POLICY(name, kind, initial_, doc_, min_, max_, names_)                                     \
    {                                                                                              \
        "policy", #name, kind, offsetof(struct br_settings, name), initial_, doc_, min_, max_,     \
            names_                                                                                 \
    }

static const char *const unknown_words[] = {"default", "refuse", NULL};

const struct vgpu_config_key br_config_keys[] = {
    KEY(socket, VGPU_CONFIG_PATH, "/run/vgpu/broker.sock", "guests connect here", 0, 0, NULL),
    KEY(executor_socket, VGPU_CONFIG_PATH, "/run/vgpu/executor.sock", "supervisors connect here", 0,
        0, NULL),
    KEY(control_socket, VGPU_CONFIG_PATH, "/run/vgpu/control.sock",
        "tools and vgpu-hostd connect here", 0, 0, NULL),
    KEY(control_group, VGPU_CONFIG_STRING, "auto",
        "group of the control socket; none: as made; auto: vgpu where it can be given", 0, 0, NULL),
    KEY(socket_mode, VGPU_CONFIG_MODE, "0660", "permission bits of the guests' socket", 0, 0, NULL),
    KEY(channel_mib, VGPU_CONFIG_U32, "1024", "size of a channel", 16, 4096, NULL),
    KEY(sessions_max, VGPU_CONFIG_U32, "256", "sessions at once", 1, 4096, NULL),
    KEY(session_buffer_kib, VGPU_CONFIG_U32, "256", "buffer per direction and session", 128, 16384,
        NULL),
    KEY(spin_us, VGPU_CONFIG_U32_AUTO, "auto",
        "longest busy wait for a session's next call; auto: 500 with eight CPUs, 50 with four, "
        "else 0",
        0, 10000, NULL),
    KEY(hello_timeout_ms, VGPU_CONFIG_U32, "5000",
        "a granted channel that says no Hello is closed; a starting GPU is waited for", 100, 600000,
        NULL),
    KEY(drain_ms, VGPU_CONFIG_U32, "5000",
        "sessions may end by themselves for so long when the broker stops", 0, 600000, NULL),
    KEY(log_level, VGPU_CONFIG_ENUM, "info", "highest level that is logged", 0, 0, log_levels),
    KEY(vm_socket_mode, VGPU_CONFIG_MODE, "0660", "permission bits of the machines' sockets", 0, 0,
        NULL),
    KEY(vm_socket_group, VGPU_CONFIG_STRING, "none",
        "group of the machines' sockets; none: as made", 0, 0, NULL),
    KEY(vm_user, VGPU_CONFIG_STRING, "any",
        "account that may connect as a machine, beside root; any: whoever reaches the socket", 0, 0,
        NULL),
    KEY(cache_mib, VGPU_CONFIG_U32, "4096", "code that is kept for later processes; 0: none", 0,
        1048576, NULL),
    KEY(cache_vm_mib, VGPU_CONFIG_U32, "1024", "of that, for one virtual machine or account", 1,
        1048576, NULL),
    KEY(cache_entries, VGPU_CONFIG_U32, "4096", "images in it, each a descriptor", 1, 65536, NULL),
    KEY(cache_vm_entries, VGPU_CONFIG_U32, "1024", "of those, for one virtual machine or account",
        1, 65536, NULL),
    POLICY(unknown_vms, VGPU_CONFIG_ENUM, "default",
           "machines that the registry does not know: the default class, or none", 0, 0,
           unknown_words),
    POLICY(default_pool, VGPU_CONFIG_STRING, "A", "pool of machines that have none of their own", 0,
           0, NULL),
    POLICY(default_priority, VGPU_CONFIG_U32, "0", "kept and shown, has no effect yet", 0, 100,
           NULL),
    POLICY(default_sessions_max, VGPU_CONFIG_U32, "0", "sessions of a machine at once; 0: no limit",
           0, 4096, NULL),
    POLICY(default_memory_quota_mib, VGPU_CONFIG_U32, "0",
           "device memory of a machine on each GPU; 0: no limit", 0, 16777216, NULL),
    POLICY(default_calls_per_s, VGPU_CONFIG_U32, "0", "call records of a machine; 0: no limit", 0,
           1000000000, NULL),
    POLICY(default_calls_burst, VGPU_CONFIG_U32, "0", "of those at once; 0: a second's", 0,
           1000000000, NULL),
    POLICY(default_kib_per_s, VGPU_CONFIG_U32, "0",
           "their bytes and those that they copy, in KiB; 0: no limit", 0, 1000000000, NULL),
    POLICY(default_kib_burst, VGPU_CONFIG_U32, "0", "of those at once; 0: a second's", 0,
           1000000000, NULL),
    POLICY(default_starts_per_s, VGPU_CONFIG_U32, "4",
           "workers that are started for a machine; 0: no limit", 0, 1000000, NULL),
    POLICY(default_starts_burst, VGPU_CONFIG_U32, "32", "of those at once; 0: a second's", 0,
           1000000, NULL),
    POLICY(context_mib, VGPU_CONFIG_U32, "524",
           "device memory of a worker before it allocates, for admission", 0, 65536, NULL),
    KEY(metrics, VGPU_CONFIG_STRING, "none",
        "where Prometheus reads: none, 127.0.0.1:PORT, [::1]:PORT or the path of a socket", 0, 0,
        NULL),
    /* The executor's key: the broker tells it to supervisors. */
    {"executor", "spares", VGPU_CONFIG_U32, offsetof(struct br_settings, spares), "1",
     "workers kept ready and locked", 0, 64, NULL},
};
const size_t br_config_key_count = sizeof(br_config_keys) / sizeof(br_config_keys[0]);

static const char *const foreign[] = {"executor", "hostd", NULL};

static const char usage[] =
    "usage: vgpu-broker [OPTION]...\n" VGPU_DAEMON_HELP
    "  --vm NAME=PATH           a virtual machine and its socket, as a key of section [vms]\n"
    "  --spawn-executors        runs vgpu-executor --all as a child (development)\n"
    "  --driver NAME            the child's driver: cuda, sim, or a path\n"
    "  --executor PATH          the child's program\n"
    "  --foreground             accepted; the broker never leaves the foreground\n"
    "  --help-config            prints every setting\n"
    "  --help, --version\n";

enum option_id {
    OPT_VM = VGPU_DAEMON_FIRST_ID,
    OPT_SPAWN,
    OPT_DRIVER,
    OPT_EXECUTOR,
    OPT_FOREGROUND,
    OPT_HELP,
    OPT_HELP_CONFIG,
    OPT_VERSION,
};

static const struct option long_options[] = {
    VGPU_DAEMON_OPTIONS,
    {"vm", required_argument, NULL, OPT_VM},
    {"spawn-executors", no_argument, NULL, OPT_SPAWN},
    {"driver", required_argument, NULL, OPT_DRIVER},
    {"executor", required_argument, NULL, OPT_EXECUTOR},
    {"foreground", no_argument, NULL, OPT_FOREGROUND},
    {"help", no_argument, NULL, OPT_HELP},
    {"help-config", no_argument, NULL, OPT_HELP_CONFIG},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int add_vm(struct br_options *options, const char *pair, FILE *err)
{
    if (options->vm_count == BR_ROSTER_MAX) {
        (void)fprintf(err, "vgpu-broker: --vm \"%.100s\": more than %u of them\n", pair,
                      (unsigned int)BR_ROSTER_MAX);
        return -EINVAL;
    }
    options->vms[options->vm_count++] = pair;
    return 0;
}

static void print_settings(FILE *out)
{
    vgpu_config_print_keys(br_config_keys, br_config_key_count, out);
    (void)fputs(
        "\n[vms]\nNAME = PATH\n"
        "    a virtual machine and the socket where its device connects (absolute path)\n"
        "\n[pools]\nNAME = GPUS\n"
        "    a pool: * for every GPU, or GPU-uuid, GPU-uuid; A and B are * where not named\n",
        out);
}

/* A command line as it is read. */
struct reading {
    struct br_options *options;
    FILE *out;
    FILE *err;
};

static int take_option(void *owner, int id)
{
    const struct reading *reading = owner;
    struct br_options *options = reading->options;
    FILE *out = reading->out;

    switch (id) {
    case OPT_VM:
        return add_vm(options, optarg, reading->err);
    case OPT_SPAWN:
        options->spawn_executors = true;
        return 0;
    case OPT_DRIVER:
        options->driver = optarg;
        return 0;
    case OPT_EXECUTOR:
        options->executor = optarg;
        return 0;
    case OPT_FOREGROUND:
        return 0;
    case OPT_HELP:
        (void)fputs(usage, out);
        return 1;
    case OPT_HELP_CONFIG:
        print_settings(out);
        return 1;
    default:
        (void)fprintf(out, "vgpu-broker %s\n", VGPU_VERSION);
        return 1;
    }
}

static const char *take_vm(void *owner, const char *name, const char *value)
{
    return br_roster_add(owner, name, value);
}

static const char *take_pool(void *owner, const char *name, const char *value)
{
    return br_pool_find(owner, name) != NULL ? "the pool is named twice"
                                             : br_pool_set_text(owner, name, value);
}

static int load_settings(struct br_options *options, FILE *err)
{
    const struct vgpu_config_open open[] = {
        {.section = "vms", .take = take_vm, .owner = &options->roster},
        {.section = "pools", .take = take_pool, .owner = &options->settings.pools},
        {.section = NULL},
    };
    struct vgpu_config config = {.keys = br_config_keys,
                                 .count = br_config_key_count,
                                 .open = open,
                                 .foreign = foreign,
                                 .values = &options->settings};
    int rc = vgpu_daemon_load(&options->daemon, &config);

    if (rc < 0) {
        (void)fprintf(err, "vgpu-broker: %s\n", config.error);
    }
    return rc;
}

static int load_vms(struct br_options *options, FILE *err)
{
    for (unsigned int i = 0; i < options->vm_count; i++) {
        const char *wrong = br_roster_add_pair(&options->roster, options->vms[i]);

        if (wrong != NULL) {
            (void)fprintf(err, "vgpu-broker: --vm \"%.200s\": %s\n", options->vms[i], wrong);
            return -EINVAL;
        }
    }
    return 0;
}

/* The broker's own sockets can be bound, and no machine's is one of them. */
static int check_paths(const struct br_options *options, FILE *err)
{
    const char *const own[] = {options->settings.socket, options->settings.executor_socket,
                               options->settings.control_socket};
    static const char *const keys[] = {"socket", "executor_socket", "control_socket"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        const char *name = br_roster_find_path(&options->roster, own[i]);

        if (strlen(own[i]) > BR_VM_PATH_MAX) {
            (void)fprintf(err, "vgpu-broker: broker.%s: the path has more than %u bytes\n", keys[i],
                          (unsigned int)BR_VM_PATH_MAX);
            return -EINVAL;
        }
        if (name != NULL) {
            (void)fprintf(err, "vgpu-broker: vms \"%s\": %s is a socket of the broker itself\n",
                          name, own[i]);
            return -EINVAL;
        }
    }
    return 0;
}

static int resolve_access(struct br_options *options, FILE *err)
{
    struct br_vm_access *access = &options->vm_access;
    const struct br_settings *settings = &options->settings;
    int rc = 0;

    access->gid = (gid_t)-1;
    access->any_user = strcmp(settings->vm_user, "any") == 0;
    if (!access->any_user) {
        rc = vgpu_account_uid(settings->vm_user, &access->uid);
    }
    if (rc < 0) {
        (void)fprintf(err, "vgpu-broker: broker.vm_user = \"%s\": no such account\n",
                      settings->vm_user);
        return rc;
    }
    if (strcmp(settings->vm_socket_group, "none") != 0) {
        rc = vgpu_account_gid(settings->vm_socket_group, &access->gid);
    }
    if (rc < 0) {
        (void)fprintf(err, "vgpu-broker: broker.vm_socket_group = \"%s\": no such group\n",
                      settings->vm_socket_group);
    }
    return rc;
}

/* "auto": whoever is not of the group cannot give it. */
static int resolve_control(struct br_options *options, FILE *err)
{
    const char *name = options->settings.control_group;
    int rc = 0;

    options->control_gid = (gid_t)-1;
    if (strcmp(name, "auto") == 0) {
        if (vgpu_account_gid(CONTROL_GROUP, &options->control_gid) < 0 ||
            !vgpu_account_may_give(options->control_gid)) {
            options->control_gid = (gid_t)-1;
        }
    } else if (strcmp(name, "none") != 0) {
        rc = vgpu_account_gid(name, &options->control_gid);
    }
    if (rc < 0) {
        (void)fprintf(err, "vgpu-broker: broker.control_group = \"%s\": no such group\n", name);
    }
    return rc;
}

/* One machine's share is no more than all. */
static int check_cache(const struct br_options *options, FILE *err)
{
    const struct br_settings *s = &options->settings;

    if (s->cache_mib != 0 && s->cache_vm_mib > s->cache_mib) {
        (void)fprintf(err, "vgpu-broker: broker.cache_vm_mib = %u is more than cache_mib = %u\n",
                      s->cache_vm_mib, s->cache_mib);
        return -EINVAL;
    }
    if (s->cache_vm_entries > s->cache_entries) {
        (void)fprintf(err,
                      "vgpu-broker: broker.cache_vm_entries = %u is more than cache_entries = %u\n",
                      s->cache_vm_entries, s->cache_entries);
        return -EINVAL;
    }
    return 0;
}

/* The default pool is one of the configuration, or A or B. */
static int check_pool(const struct br_options *options, FILE *err)
{
    const struct br_settings *s = &options->settings;

    if (strcmp(s->default_pool, "A") == 0 || strcmp(s->default_pool, "B") == 0 ||
        br_pool_find(&s->pools, s->default_pool) != NULL) {
        return 0;
    }
    (void)fprintf(err,
                  "vgpu-broker: policy.default_pool = \"%s\" is no pool: name it in section "
                  "[pools], or take A or B\n",
                  s->default_pool);
    return -EINVAL;
}

void br_options_policy(const struct br_settings *settings, struct br_policy *policy)
{
    *policy = (struct br_policy){
        .priority = settings->default_priority,
        .sessions_max = settings->default_sessions_max,
        .memory_quota = (uint64_t)settings->default_memory_quota_mib << 20,
        .calls_per_s = settings->default_calls_per_s,
        .calls_burst = settings->default_calls_burst,
        .bytes_per_s = (uint64_t)settings->default_kib_per_s << 10,
        .bytes_burst = (uint64_t)settings->default_kib_burst << 10,
        .starts_per_s = settings->default_starts_per_s,
        .starts_burst = settings->default_starts_burst,
    };
}

static int resolve_metrics(struct br_options *options, FILE *err)
{
    const char *text = options->settings.metrics;

    if (br_metrics_address_parse(text, &options->metrics) == 0) {
        return 0;
    }
    (void)fprintf(err,
                  "vgpu-broker: broker.metrics = \"%.200s\": wanted none, 127.0.0.1:PORT, "
                  "[::1]:PORT or the absolute path of a socket (at most 107 bytes)\n",
                  text);
    return -EINVAL;
}

static int load(struct br_options *options, FILE *err)
{
    int rc = load_settings(options, err);

    if (rc == 0) {
        rc = load_vms(options, err);
    }
    if (rc == 0) {
        rc = check_paths(options, err);
    }
    if (rc == 0) {
        rc = check_cache(options, err);
    }
    if (rc == 0) {
        rc = check_pool(options, err);
    }
    if (rc == 0) {
        rc = resolve_metrics(options, err);
    }
    if (rc == 0) {
        rc = resolve_access(options, err);
    }
    return rc == 0 ? resolve_control(options, err) : rc;
}

int br_options_parse(struct br_options *options, int argc, char **argv, FILE *out, FILE *err)
{
    struct reading reading = {.options = options, .out = out, .err = err};
    int rc;

    *options = (struct br_options){.daemon = {.ready_fd = -1}};
    rc = vgpu_daemon_parse(&options->daemon, "vgpu-broker", long_options, argc, argv, err,
                           take_option, &reading);
    if (rc != 0) {
        return rc;
    }
    if (!options->spawn_executors && (options->driver != NULL || options->executor != NULL)) {
        (void)fprintf(err, "vgpu-broker: --driver and --executor need --spawn-executors\n");
        return -EINVAL;
    }
    rc = load(options, err);
    return rc == 0 && options->daemon.check ? 1 : rc;
}

void br_options_fini(struct br_options *options)
{
    struct vgpu_config config = {
        .keys = br_config_keys, .count = br_config_key_count, .values = &options->settings};

    vgpu_config_fini(&config);
    br_roster_fini(&options->roster);
    br_pools_fini(&options->settings.pools);
}
