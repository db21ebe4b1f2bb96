/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon.h"

#include <errno.h>
#include <unistd.h>

#include "common/fd.h"

static int take_set(struct vgpu_daemon *daemon, const char *value, char *why, size_t cap)
{
    if (daemon->set_count == VGPU_DAEMON_SETS_MAX) {
        (void)snprintf(why, cap, "--set \"%.100s\": more than %d of them", value,
                       VGPU_DAEMON_SETS_MAX);
        return -EINVAL;
    }
    daemon->sets[daemon->set_count++] = value;
    return 0;
}

/* 0; 1 when it is the program's own; -EINVAL with a line in `why`. */
static int take_common(struct vgpu_daemon *daemon, int id, const char *value, char *why, size_t cap)
{
    switch (id) {
    case VGPU_DAEMON_OPT_CONFIG:
        daemon->config_path = value;
        return 0;
    case VGPU_DAEMON_OPT_SET:
        return take_set(daemon, value, why, cap);
    case VGPU_DAEMON_OPT_READY_FD:
        if (vgpu_fd_parse(value, &daemon->ready_fd) == 0) {
            return 0;
        }
        (void)snprintf(why, cap, "--ready-fd \"%.100s\": wanted the number of a descriptor", value);
        return -EINVAL;
    case VGPU_DAEMON_OPT_CHECK:
        daemon->check = true;
        return 0;
    default:
        return 1;
    }
}

/* Why getopt_long() did not take a word; it has said in optopt what it knows of it. */
static void explain(int id, char **argv, char *why, size_t cap)
{
    if (id == '?' && optopt > 0 && optopt < VGPU_DAEMON_FIRST_ID) {
        (void)snprintf(why, cap, "unknown option \"-%c\": see --help", optopt);
        return;
    }
    (void)snprintf(why, cap, "%s \"%.100s\": see --help",
                   id == ':'     ? "a value is wanted behind"
                   : optopt != 0 ? "no value is wanted in"
                                 : "unknown option",
                   argv[optind - 1]);
}

int vgpu_daemon_parse(struct vgpu_daemon *daemon, const char *program, const struct option *table,
                      int argc, char **argv, FILE *err, int (*take)(void *owner, int id),
                      void *owner)
{
    char why[256];
    int rc = 0;
    int id;

    optind = 0;
    opterr = 0;
    while (rc == 0 && (id = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (id == '?' || id == ':') {
            explain(id, argv, why, sizeof(why));
            rc = -EINVAL;
        } else {
            rc = take_common(daemon, id, optarg, why, sizeof(why));
            if (rc > 0) {
                rc = take(owner, id);
                if (rc != 0) {
                    return rc;
                }
            }
        }
    }
    if (rc == 0 && optind < argc) {
        (void)snprintf(why, sizeof(why), "unexpected argument \"%.100s\"", argv[optind]);
        rc = -EINVAL;
    }
    if (rc < 0) {
        (void)fprintf(err, "%s: %s\n", program, why);
    }
    return rc;
}

int vgpu_daemon_load(struct vgpu_daemon *daemon, struct vgpu_config *config)
{
    int rc = vgpu_config_defaults(config);

    if (rc == 0 && daemon->config_path == NULL && access(VGPU_DAEMON_CONFIG, F_OK) == 0) {
        daemon->config_path = VGPU_DAEMON_CONFIG;
    }
    if (rc == 0 && daemon->config_path != NULL) {
        rc = vgpu_config_load(config, daemon->config_path);
    }
    for (unsigned int i = 0; rc == 0 && i < daemon->set_count; i++) {
        rc = vgpu_config_set(config, daemon->sets[i]);
    }
    return rc;
}
