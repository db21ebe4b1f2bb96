/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/options.h"

#include <errno.h>
#include <string.h>

#include "common/account.h"
#include "hostd/machine.h"
#include "hostd/watch.h"

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

#define KEY(name, kind, initial_, doc_, min_, max_, names_)                                        \
    {                                                                                              \
        "hostd", #name, kind, offsetof(struct hd_settings, name), initial_, doc_, min_, max_,      \
            names_                                                                                 \
    }

const struct vgpu_config_key hd_config_keys[] = {
    KEY(registry, VGPU_CONFIG_PATH, "/var/lib/vgpu/registry.db", "the database of machines", 0, 0,
        NULL),
    KEY(socket, VGPU_CONFIG_PATH, "/run/vgpu/hostd.sock", "vgpuctl connects here", 0, 0, NULL),
    KEY(socket_mode, VGPU_CONFIG_MODE, "0660", "permission bits of that socket", 0, 0, NULL),
    KEY(socket_group, VGPU_CONFIG_STRING, "vgpu", "group of that socket; none: as made", 0, 0,
        NULL),
    KEY(vm_dir, VGPU_CONFIG_PATH, "/run/vgpu/vm", "folder of the machines' sockets", 0, 0, NULL),
    KEY(vm_socket_mode, VGPU_CONFIG_MODE, "0660", "permission bits of the machines' sockets", 0, 0,
        NULL),
    KEY(vm_socket_owner, VGPU_CONFIG_STRING, "none",
        "account that owns the machines' sockets; none: as made", 0, 0, NULL),
    KEY(vm_socket_group, VGPU_CONFIG_STRING, "none",
        "group of the machines' sockets; none: as made", 0, 0, NULL),
    KEY(watch, VGPU_CONFIG_STRING, "/var/xen/qemu",
        "folders whose root-*/tmp get a socket, with blanks between; none: none", 0, 0, NULL),
    KEY(xenstore, VGPU_CONFIG_STRING, "/run/xenstored/socket",
        "socket of xenstored, which knows the uuids of domains; none: none", 0, 0, NULL),
    KEY(scan_s, VGPU_CONFIG_U32, "10", "seconds between two looks for QEMUs", 1, 3600, NULL),
    KEY(hello_timeout_ms, VGPU_CONFIG_U32, "10000",
        "who connects to that socket and says nothing for so long is closed", 100, 600000, NULL),
    KEY(executor_user, VGPU_CONFIG_STRING, "vgpu-executor",
        "account that may have workers killed, beside root; none, or one that is not there: none",
        0, 0, NULL),
    KEY(log_level, VGPU_CONFIG_ENUM, "info", "highest level that is logged", 0, 0, log_levels),
    /* The broker's key: vgpu-hostd connects there. */
    {"broker", "control_socket", VGPU_CONFIG_PATH, offsetof(struct hd_settings, control_socket),
     "/run/vgpu/control.sock", "the broker's control socket", 0, 0, NULL},
};
const size_t hd_config_key_count = sizeof(hd_config_keys) / sizeof(hd_config_keys[0]);

static const char *const foreign[] = {"broker", "executor", "policy", "pools", "vms", NULL};

static const char usage[] = "usage: vgpu-hostd [OPTION]...\n" VGPU_DAEMON_HELP
                            "  --help-config            prints every setting\n"
                            "  --help, --version\n";

enum option_id { OPT_HELP = VGPU_DAEMON_FIRST_ID, OPT_HELP_CONFIG, OPT_VERSION };

static const struct option long_options[] = {
    VGPU_DAEMON_OPTIONS,
    {"help", no_argument, NULL, OPT_HELP},
    {"help-config", no_argument, NULL, OPT_HELP_CONFIG},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int take_option(void *owner, int id)
{
    FILE *out = owner;

    switch (id) {
    case OPT_HELP:
        (void)fputs(usage, out);
        return 1;
    case OPT_HELP_CONFIG:
        vgpu_config_print_keys(hd_config_keys, hd_config_key_count, out);
        return 1;
    default:
        (void)fprintf(out, "vgpu-hostd %s\n", VGPU_VERSION);
        return 1;
    }
}

static int find_group(const char *key, const char *name, gid_t *gid, char *why, size_t cap)
{
    *gid = (gid_t)-1;
    if (strcmp(name, "none") == 0 || vgpu_account_gid(name, gid) == 0) {
        return 0;
    }
    (void)snprintf(why, cap,
                   "%s = \"%.60s\": no such group (systemd-sysusers makes it); none: as made", key,
                   name);
    return -EINVAL;
}

static int find_user(const char *key, const char *name, uid_t *uid, char *why, size_t cap)
{
    *uid = (uid_t)-1;
    if (strcmp(name, "none") == 0 || vgpu_account_uid(name, uid) == 0) {
        return 0;
    }
    (void)snprintf(why, cap, "%s = \"%.60s\": no such account; none: as made", key, name);
    return -EINVAL;
}

static int check_mode(const char *key, uint32_t mode, char *why, size_t cap)
{
    if ((mode & 2) == 0) {
        return 0;
    }
    (void)snprintf(why, cap, "%s = %04o: everyone could write; allowed: a mode without 0002", key,
                   mode);
    return -EINVAL;
}

/* A path that a socket is bound to, or, with room for a name behind it, a folder of such. */
static int check_path(const char *key, const char *path, size_t max, char *why, size_t cap)
{
    if (strlen(path) <= max) {
        return 0;
    }
    (void)snprintf(why, cap, "%s: the path has more than %zu bytes", key, max);
    return -EINVAL;
}

/* Every word is an absolute path. */
static int check_watch(const char *watch, char *why, size_t cap)
{
    int count = 0;

    if (strcmp(watch, "none") == 0) {
        return 0;
    }
    for (const char *at = watch + strspn(watch, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        size_t len = strcspn(at, " \t");

        if (*at != '/' || len > HD_ROOT_MAX || ++count > HD_WATCH_ROOTS_MAX) {
            (void)snprintf(why, cap,
                           "hostd.watch = \"%.100s\": wanted at most %d absolute paths of at most "
                           "%d bytes with blanks between, or none",
                           watch, HD_WATCH_ROOTS_MAX, HD_ROOT_MAX);
            return -EINVAL;
        }
        at += len;
    }
    return 0;
}

static int check(struct hd_options *options, char *why, size_t cap)
{
    const struct hd_settings *s = &options->settings;
    int rc = check_mode("hostd.socket_mode", s->socket_mode, why, cap);

    if (rc == 0) {
        rc = check_mode("hostd.vm_socket_mode", s->vm_socket_mode, why, cap);
    }
    if (rc == 0) {
        rc = check_path("hostd.registry", s->registry, 255, why, cap);
    }
    if (rc == 0) {
        rc = check_path("hostd.socket", s->socket, HD_PATH_MAX, why, cap);
    }
    if (rc == 0) {
        rc = check_path("broker.control_socket", s->control_socket, HD_PATH_MAX, why, cap);
    }
    if (rc == 0) {
        /* NAME.sock comes behind it; a name that does not fit is refused when it is added. */
        rc = check_path("hostd.vm_dir", s->vm_dir, HD_PATH_MAX - 8, why, cap);
    }
    if (rc == 0) {
        rc = check_watch(s->watch, why, cap);
    }
    if (rc == 0 && strcmp(s->xenstore, "none") != 0 && s->xenstore[0] != '/') {
        (void)snprintf(why, cap, "hostd.xenstore = \"%.100s\": wanted an absolute path, or none",
                       s->xenstore);
        rc = -EINVAL;
    }
    if (rc == 0) {
        rc = check_path("hostd.xenstore", s->xenstore, HD_PATH_MAX, why, cap);
    }
    if (rc == 0) {
        rc = find_group("hostd.socket_group", s->socket_group, &options->socket_gid, why, cap);
    }
    if (rc == 0) {
        rc = find_group("hostd.vm_socket_group", s->vm_socket_group, &options->vm_gid, why, cap);
    }
    if (rc == 0) {
        rc = find_user("hostd.vm_socket_owner", s->vm_socket_owner, &options->vm_uid, why, cap);
    }
    if (rc == 0) {
        /* A host without workers of systemd's has no such account. */
        (void)find_user("hostd.executor_user", s->executor_user, &options->executor_uid, why, cap);
    }
    return rc;
}

static int load(struct hd_options *options, char *why, size_t cap)
{
    struct vgpu_config config = {.keys = hd_config_keys,
                                 .count = hd_config_key_count,
                                 .foreign = foreign,
                                 .values = &options->settings};
    int rc = vgpu_daemon_load(&options->daemon, &config);

    if (rc < 0) {
        (void)snprintf(why, cap, "%s", config.error);
        return rc;
    }
    return check(options, why, cap);
}

int hd_options_parse(struct hd_options *options, int argc, char **argv, FILE *out, FILE *err)
{
    char why[HD_WHY_MAX];
    int rc;

    *options = (struct hd_options){.daemon = {.ready_fd = -1}};
    rc = vgpu_daemon_parse(&options->daemon, "vgpu-hostd", long_options, argc, argv, err,
                           take_option, out);
    if (rc != 0) {
        return rc;
    }
    rc = load(options, why, sizeof(why));
    if (rc < 0) {
        (void)fprintf(err, "vgpu-hostd: %s\n", why);
    }
    return rc == 0 && options->daemon.check ? 1 : rc;
}

int hd_options_reload(const struct hd_options *options, struct hd_options *fresh, char *why,
                      size_t cap)
{
    int rc;

    *fresh = *options;
    fresh->settings = (struct hd_settings){0};
    fresh->daemon.ready_fd = -1;
    rc = load(fresh, why, cap);
    if (rc < 0) {
        hd_options_fini(fresh);
    }
    return rc;
}

void hd_options_fini(struct hd_options *options)
{
    struct vgpu_config config = {
        .keys = hd_config_keys, .count = hd_config_key_count, .values = &options->settings};

    vgpu_config_fini(&config);
}
