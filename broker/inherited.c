/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/inherited.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "common/fd.h"
#include "common/log.h"

static const char *const known[] = {"broker", "executor", "control", "tmp", "metrics"};
#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

static const char *find_name(const char *name)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(known[i], name) == 0) {
            return known[i];
        }
    }
    return NULL;
}

/* What is wrong with a descriptor of a known name, or NULL. */
static const char *judge(const struct br_inherited *inherited, const char *name, int fd)
{
    bool any_family = strcmp(name, "metrics") == 0;

    for (size_t i = 0; i < inherited->count; i++) {
        if (inherited->entries[i].name == name) {
            return "passed twice";
        }
    }
    if (sd_is_socket(fd, any_family ? AF_UNSPEC : AF_UNIX, SOCK_STREAM, 1) <= 0) {
        return any_family ? "no listening stream socket" : "no listening Unix stream socket";
    }
    return NULL;
}

static int add(struct br_inherited *inherited, const char *given, int fd)
{
    const char *name = find_name(given);
    const char *wrong = name == NULL ? "unknown: broker, executor, control, tmp or metrics wanted"
                                     : judge(inherited, name, fd);
    char shown[64];

    if (wrong != NULL) {
        vgpu_log(VGPU_LOG_ERROR, "passed socket refused fd=%d name=%s reason=\"%s\"", fd,
                 vgpu_log_escape(shown, sizeof(shown), given, strlen(given)), wrong);
        return -EINVAL;
    }
    inherited->entries[inherited->count].name = name;
    inherited->entries[inherited->count].fd = fd;
    inherited->count++;
    return 0;
}

static void free_names(char **names, int count)
{
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

int br_inherited_read(struct br_inherited *inherited)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    int rc = count < 0 ? count : 0;

    _Static_assert(KNOWN_COUNT <= BR_INHERITED_MAX, "a name is passed once");
    *inherited = (struct br_inherited){.count = 0};
    for (int i = 0; i < count && rc == 0; i++) {
        rc = add(inherited, names[i], SD_LISTEN_FDS_START + i);
    }
    for (int i = 0; i < count && rc < 0; i++) {
        int fd = SD_LISTEN_FDS_START + i;

        vgpu_fd_close(&fd);
    }
    if (count > 0) {
        free_names(names, count);
    }
    if (rc < 0) {
        inherited->count = 0;
    }
    return rc;
}

int br_inherited_take(struct br_inherited *inherited, const char *name)
{
    for (size_t i = 0; i < inherited->count; i++) {
        int fd = inherited->entries[i].fd;

        if (fd >= 0 && strcmp(inherited->entries[i].name, name) == 0) {
            inherited->entries[i].fd = -1;
            return fd;
        }
    }
    return -1;
}

void br_inherited_close(struct br_inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++) {
        if (inherited->entries[i].fd >= 0) {
            vgpu_log(VGPU_LOG_WARNING, "passed socket that nothing here serves name=%s",
                     inherited->entries[i].name);
            vgpu_fd_close(&inherited->entries[i].fd);
        }
    }
    inherited->count = 0;
}
