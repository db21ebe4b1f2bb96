/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/orphan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "executor/supervisor/crew.h"
#include "executor/supervisor/state.h"

/* proc(5): starttime is the 20th value behind the name, which may hold anything. */
#define START_AT 20

/* When the process began, in ticks since the boot.  0 or -errno. */
static int read_start(pid_t pid, unsigned long long *ticks)
{
    char path[64];
    char line[1024] = "";
    char *at;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    VGPU_CLEANUP_FILE FILE *file = fopen(path, "re");

    if (file == NULL) {
        return -errno;
    }
    at = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
    for (unsigned int i = 0; at != NULL && i < START_AT; i++) {
        at = strchr(at + 1, ' ');
    }
    if (at == NULL) {
        return -EPROTO;
    }
    *ticks = strtoull(at, NULL, 10);
    return 0;
}

/* The pidfd is opened first: what is read then is of its process if that has not ended after. */
static int meet(struct ex_child *child, pid_t pid)
{
    unsigned long long its = 0;
    unsigned long long own = 0;
    int rc = ex_child_identify(child, pid);

    if (rc == 0) {
        rc = read_start(pid, &its);
    }
    if (rc == 0) {
        rc = read_start(getpid(), &own);
    }
    if (rc == 0 && (ex_child_ended(child, 0) || its >= own)) {
        rc = -ESRCH;
    }
    return rc;
}

static void take(struct ex_supervisor *s, uint32_t pid)
{
    struct ex_child child;
    int rc = -ESRCH;

    ex_child_init(&child, -1);
    child.hearsay = true;
    if (pid > 0 && pid <= INT_MAX) {
        rc = meet(&child, (pid_t)pid);
    }
    if (rc < 0) {
        vgpu_log(VGPU_LOG_DEBUG, "no worker of an earlier supervisor gpu=%s pid=%u error=%d",
                 s->options->gpu.text, pid, -rc);
        ex_child_fini(&child);
        return;
    }
    vgpu_log(VGPU_LOG_WARNING, "a worker has outlived its supervisor, it is killed gpu=%s pid=%u",
             s->options->gpu.text, pid);
    ex_crew_adopt(s, &child);
}

void ex_orphans_take(struct ex_supervisor *s, const uint32_t *pids, size_t count)
{
    for (size_t i = 0; s->source == &ex_source_unit && i < count && i < EX_ORPHANS_MAX; i++) {
        take(s, pids[i]);
    }
}
