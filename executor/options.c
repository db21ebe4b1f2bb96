/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/account.h"

#define DEFAULT_CONFIG "/etc/vgpu/vgpu.conf"
#define DEFAULT_SOCKET "/run/vgpu/executor.sock"
#define DEFAULT_HOSTD  "/run/vgpu/hostd.sock"
#define SIM_LIBRARY    "libcuda-sim.so.1"
#define CUDA_LIBRARY   "libcuda.so.1"

const char ex_options_help[] =
    "usage: vgpu-executor --all|--gpu GPU|--self-test [OPTION...]\n"
    "  --all             one supervisor per GPU (development)\n"
    "  --gpu GPU         supervisor of this GPU: its number, or its UUID as nvidia-smi -L has it\n"
    "  --self-test       start and lock a worker here, use every operation once\n"
    "  --socket PATH     the broker's executor socket (" DEFAULT_SOCKET ")\n"
    "  --driver NAME     cuda, sim, or a path to a driver library\n"
    "  --sim-lib PATH    the simulator's library\n"
    "  --config FILE     settings (" DEFAULT_CONFIG " if it exists)\n"
    "  --check-config    read the settings, say what is wrong, and end\n"
    "  --spares N        workers kept ready\n"
    "  --workers-max N   workers at once, spares included\n"
    "  --helpers N       helper threads of a worker\n"
    "  --memory-quota-mib N\n"
    "                    device memory of a session in MiB; 0: the card's\n"
    "  --user NAME       account of the workers when started as root; \"\": stay\n"
    "  --worker-socket PATH\n"
    "                    workers come from systemd, through vgpu-worker.socket; none: by fork\n"
    "  --hostd-socket PATH\n"
    "                    vgpu-hostd, which kills such workers (" DEFAULT_HOSTD ")\n"
    "  --ready-timeout-ms N\n"
    "                    a worker that is not ready in this time is given up\n"
    "  --log-level L     error, warning, info or debug\n"
    "  --sandbox-trace   print refused system calls instead of ending (not for production)\n"
    "  --help, --version\n";

#define KEY(name, kind, initial_, doc_, min_, max_)                                                \
    {                                                                                              \
        "executor", #name, kind, offsetof(struct ex_settings, name), initial_, doc_, min_, max_,   \
            NULL                                                                                   \
    }

const struct vgpu_config_key ex_config_keys[] = {
    KEY(driver, VGPU_CONFIG_STRING, "cuda", "cuda, sim, or a path to a driver library", 0, 0),
    KEY(spares, VGPU_CONFIG_U32, "1", "workers kept ready and locked", 0, 64),
    KEY(workers_max, VGPU_CONFIG_U32, "32", "workers of a GPU at once, spares included", 1, 1024),
    KEY(helpers, VGPU_CONFIG_U32, "4", "helper threads of a worker", 1, 64),
    KEY(memory_quota_mib, VGPU_CONFIG_U32, "0", "device memory of a session; 0: the card's", 0,
        1u << 24),
    KEY(user, VGPU_CONFIG_STRING, "nobody", "account of the workers when started as root", 0, 0),
    KEY(worker_socket, VGPU_CONFIG_STRING, "none", "systemd's socket of workers; none: by fork", 0,
        0),
    KEY(hostd_socket, VGPU_CONFIG_STRING, DEFAULT_HOSTD, "vgpu-hostd, which kills workers", 0, 0),
    KEY(ready_timeout_ms, VGPU_CONFIG_U32, "60000", "a worker must be ready in this time", 100,
        600000),
};
const size_t ex_config_key_count = sizeof(ex_config_keys) / sizeof(ex_config_keys[0]);

static const char *const foreign_sections[] = {"broker", "hostd", "policy", "pools", "vms", NULL};

enum {
    OPT_ALL = 256,
    OPT_GPU,
    OPT_PROBE,
    OPT_WORKER,
    OPT_SELF_TEST,
    OPT_SOCKET,
    OPT_DRIVER,
    OPT_SIM_LIB,
    OPT_CONFIG,
    OPT_CHECK,
    OPT_SPARES,
    OPT_WORKERS_MAX,
    OPT_HELPERS,
    OPT_MEMORY_QUOTA,
    OPT_USER,
    OPT_WORKER_SOCKET,
    OPT_HOSTD_SOCKET,
    OPT_READY_TIMEOUT,
    OPT_ACTIVATED,
    OPT_LOG_LEVEL,
    OPT_PARENT,
    OPT_TRACE,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option long_options[] = {
    {"all", no_argument, NULL, OPT_ALL},
    {"gpu", required_argument, NULL, OPT_GPU},
    {"probe", required_argument, NULL, OPT_PROBE},
    {"worker", no_argument, NULL, OPT_WORKER},
    {"self-test", no_argument, NULL, OPT_SELF_TEST},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"driver", required_argument, NULL, OPT_DRIVER},
    {"sim-lib", required_argument, NULL, OPT_SIM_LIB},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"spares", required_argument, NULL, OPT_SPARES},
    {"workers-max", required_argument, NULL, OPT_WORKERS_MAX},
    {"helpers", required_argument, NULL, OPT_HELPERS},
    {"memory-quota-mib", required_argument, NULL, OPT_MEMORY_QUOTA},
    {"user", required_argument, NULL, OPT_USER},
    {"worker-socket", required_argument, NULL, OPT_WORKER_SOCKET},
    {"hostd-socket", required_argument, NULL, OPT_HOSTD_SOCKET},
    {"ready-timeout-ms", required_argument, NULL, OPT_READY_TIMEOUT},
    {"activated", no_argument, NULL, OPT_ACTIVATED},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"parent", required_argument, NULL, OPT_PARENT},
    {"sandbox-trace", no_argument, NULL, OPT_TRACE},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int read_number(const char *text, uint32_t max, uint32_t *value)
{
    char *end;

    errno = 0;
    unsigned long number = strtoul(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || *text == '-' || number > max) {
        return -EINVAL;
    }
    *value = (uint32_t)number;
    return 0;
}

/* Writes to standard error through the log's own path, so that tests see one form. */
static int complain(const char *what, const char *value)
{
    vgpu_log(VGPU_LOG_ERROR, "%s: %s", what, value);
    return -EINVAL;
}

static int set_mode(struct ex_options *options, enum ex_mode mode, const char *number)
{
    /* --gpu names the GPU of a worker or self-test too. */
    if (options->mode == EX_MODE_NONE || options->mode == EX_MODE_SUPERVISOR) {
        options->mode = mode;
    } else if (mode != EX_MODE_SUPERVISOR) {
        return complain("more than one of", "--all, --probe, --worker and --self-test");
    }
    if (number != NULL && ex_gpu_name_parse(&options->gpu, number) < 0) {
        return complain("bad GPU, a number or GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", number);
    }
    return 0;
}

static int set_mode_option(struct ex_options *options, int option, const char *arg)
{
    switch (option) {
    case OPT_ALL:
        return set_mode(options, EX_MODE_ALL, NULL);
    case OPT_GPU:
        return set_mode(options, EX_MODE_SUPERVISOR, arg);
    case OPT_PROBE:
        return set_mode(options, EX_MODE_PROBE, arg);
    case OPT_WORKER:
        return set_mode(options, EX_MODE_WORKER, NULL);
    case OPT_SELF_TEST:
        return set_mode(options, EX_MODE_SELF_TEST, NULL);
    default:
        return 1;
    }
}

static int set_text_option(struct ex_options *options, int option, const char *arg)
{
    switch (option) {
    case OPT_SOCKET:
        options->socket = arg;
        return 0;
    case OPT_SIM_LIB:
        options->sim_lib = arg;
        return 0;
    case OPT_CONFIG:
        options->config = arg;
        return 0;
    case OPT_USER:
        options->user = arg;
        return 0;
    case OPT_LOG_LEVEL:
        return vgpu_log_level_parse(arg, &options->log_level) < 0
                   ? complain("bad log level (error, warning, info, debug)", arg)
                   : 0;
    case OPT_ACTIVATED:
        options->activated = true;
        return 0;
    case OPT_TRACE:
        options->sandbox_trace = true;
        return 0;
    case OPT_CHECK:
        options->check = true;
        return 0;
    case OPT_HELP:
        options->help = true;
        return 0;
    case OPT_VERSION:
        options->version = true;
        return 0;
    default:
        return 1;
    }
}

/* The setting that an option overrides, or NULL. */
static const char *key_of(int option)
{
    switch (option) {
    case OPT_DRIVER:
        return "driver";
    case OPT_SPARES:
        return "spares";
    case OPT_WORKERS_MAX:
        return "workers_max";
    case OPT_HELPERS:
        return "helpers";
    case OPT_MEMORY_QUOTA:
        return "memory_quota_mib";
    case OPT_WORKER_SOCKET:
        return "worker_socket";
    case OPT_HOSTD_SOCKET:
        return "hostd_socket";
    case OPT_READY_TIMEOUT:
        return "ready_timeout_ms";
    default:
        return NULL;
    }
}

static int set_parent(struct ex_options *options, const char *arg)
{
    uint32_t pid;
    int rc = read_number(arg, INT_MAX, &pid);

    options->parent = rc == 0 ? (pid_t)pid : 0;
    return rc < 0 ? complain("bad process id", arg) : 0;
}

/* Options that override a setting are applied after the file was read. */
static int set_setting_option(struct ex_options *options, struct vgpu_config *config, int option,
                              const char *arg)
{
    char assignment[EX_PATH_MAX + 64];
    const char *key = key_of(option);

    if (option == OPT_PARENT) {
        return set_parent(options, arg);
    }
    if (key == NULL) {
        return 0;
    }
    if (snprintf(assignment, sizeof(assignment), "executor.%s=%s", key, arg) >=
        (int)sizeof(assignment)) {
        return complain("too long an option", key);
    }
    int rc = vgpu_config_set(config, assignment);

    return rc < 0 ? complain("bad option", config->error) : 0;
}

static int parse_first(struct ex_options *options, int argc, char **argv)
{
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int rc = set_mode_option(options, option, optarg);

        if (rc > 0) {
            rc = set_text_option(options, option, optarg);
        }
        if (rc < 0) {
            return rc;
        }
        if (option == '?') {
            return -EINVAL;
        }
    }
    return optind < argc ? complain("unexpected argument", argv[optind]) : 0;
}

static int parse_settings(struct ex_options *options, int argc, char **argv)
{
    struct vgpu_config config = {
        .keys = ex_config_keys,
        .count = ex_config_key_count,
        .foreign = foreign_sections,
        .values = &options->settings,
    };
    const char *file = options->config;
    int rc = vgpu_config_defaults(&config);
    int option;

    if (rc == 0 && file == NULL && access(DEFAULT_CONFIG, R_OK) == 0) {
        file = DEFAULT_CONFIG;
    }
    if (rc == 0 && file != NULL) {
        rc = vgpu_config_load(&config, file);
    }
    if (rc < 0) {
        return complain("configuration", config.error);
    }
    optind = 1;
    while (rc == 0 && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        rc = set_setting_option(options, &config, option, optarg);
    }
    return rc;
}

static int set_driver(struct ex_options *options, const char *path)
{
    return snprintf(options->driver, sizeof(options->driver), "%s", path) <
                   (int)sizeof(options->driver)
               ? 0
               : complain("too long a path of a driver", path);
}

/* The simulator lies beside the binary, in its build folder, or where packages put it. */
static int find_simulator(struct ex_options *options)
{
    static const char *const places[] = {"%s/" SIM_LIBRARY, "%s/sim/" SIM_LIBRARY,
                                         "%s/../lib/vgpu/" SIM_LIBRARY};
    char folder[EX_PATH_MAX - 64];
    ssize_t len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);

    if (options->sim_lib != NULL) {
        return set_driver(options, options->sim_lib);
    }
    folder[len < 0 ? 0 : len] = '\0';
    char *slash = strrchr(folder, '/');

    if (slash != NULL) {
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(options->driver, sizeof(options->driver), places[i], folder);
#pragma GCC diagnostic pop
        if (access(options->driver, R_OK) == 0) {
            return 0;
        }
    }
    return complain("simulator not found, --sim-lib names it", SIM_LIBRARY);
}

static int resolve_driver(struct ex_options *options)
{
    const char *name = options->settings.driver;

    if (strcmp(name, "sim") == 0) {
        return find_simulator(options);
    }
    return set_driver(options, strcmp(name, "cuda") == 0 ? CUDA_LIBRARY : name);
}

bool ex_options_unit(const struct ex_options *options)
{
    return options->settings.worker_socket != NULL &&
           strcmp(options->settings.worker_socket, "none") != 0;
}

static int check_path(const char *key, const char *path)
{
    struct sockaddr_un address;

    if (path[0] == '/' && strlen(path) < sizeof(address.sun_path)) {
        return 0;
    }
    vgpu_log(VGPU_LOG_ERROR, "executor.%s: an absolute path of at most %zu bytes, not: %s", key,
             sizeof(address.sun_path) - 1, path);
    return -EINVAL;
}

/* A bare name would be searched for in places that nobody named; a supervisor says the vendor's. */
static int check_driver(const char *name)
{
    if (strcmp(name, "cuda") == 0 || strcmp(name, "sim") == 0 || strcmp(name, CUDA_LIBRARY) == 0 ||
        strchr(name, '/') != NULL) {
        return 0;
    }
    return complain("executor.driver: cuda, sim or the path of a driver library, not", name);
}

/* The host's accounts are those of now, so they are looked at when only settings are checked. */
static int check_user(const struct ex_options *options)
{
    uid_t uid;

    if (!options->check || options->user[0] == '\0' || vgpu_account_uid(options->user, &uid) == 0) {
        return 0;
    }
    return complain("executor.user: this host has no account of that name", options->user);
}

static int check_settings(const struct ex_options *options)
{
    if (options->activated && options->mode != EX_MODE_WORKER) {
        return complain("--activated is for", "--worker");
    }
    if (ex_options_unit(options) && check_path("worker_socket", options->settings.worker_socket)) {
        return -EINVAL;
    }
    if (check_path("hostd_socket", options->settings.hostd_socket) < 0 ||
        check_driver(options->settings.driver) < 0) {
        return -EINVAL;
    }
    return check_user(options);
}

int ex_options_parse(struct ex_options *options, int argc, char **argv)
{
    memset(options, 0, sizeof(*options));
    options->socket = DEFAULT_SOCKET;
    options->log_level = VGPU_LOG_INFO;
    ex_gpu_name_set(&options->gpu, 0);
    int rc = parse_first(options, argc, argv);

    if (rc < 0 || options->help || options->version) {
        return rc;
    }
    rc = parse_settings(options, argc, argv);
    if (rc < 0) {
        return rc;
    }
    if (options->user == NULL) {
        options->user = options->settings.user;
    }
    rc = check_settings(options);
    if (rc < 0) {
        return rc;
    }
    if (options->mode == EX_MODE_NONE && !options->check) {
        return complain("no mode", "--all, --gpu GPU or --self-test");
    }
    /* A worker of systemd is told its driver. */
    return options->activated ? 0 : resolve_driver(options);
}

void ex_options_fini(struct ex_options *options)
{
    free(options->settings.driver);
    free(options->settings.user);
    free(options->settings.worker_socket);
    free(options->settings.hostd_socket);
    options->settings = (struct ex_settings){.driver = NULL};
}
