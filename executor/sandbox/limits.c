/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sandbox/limits.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

#include "common/log.h"

/* No RLIMIT_AS: the driver reserves terabytes of addresses that cost nothing. */
static const struct {
    int resource;
    rlim_t value;
    const char *name;
    const char *reason;
} limits[] = {
    {RLIMIT_CORE, 0, "core", "a core would hold a tenant's data"},
    {RLIMIT_NOFILE, 4096, "nofile", "a context has about 360 descriptors"},
    {RLIMIT_FSIZE, (rlim_t)1 << 38, "fsize",
     "counts for memfds too, which stand for a card's memory"},
    {RLIMIT_NPROC, 4096, "nproc", "counts all workers of the account, about 20 threads each"},
};

int ex_limits_set(void)
{
    /* A log that reached the size limit must not kill: the write fails instead. */
    (void)signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit;

        if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0) {
            return -errno;
        }
        limit.rlim_max = limit.rlim_max < limits[i].value ? limit.rlim_max : limits[i].value;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0) {
            int rc = -errno;

            vgpu_log(VGPU_LOG_ERROR, "limit not set limit=%s error=%d", limits[i].name, -rc);
            return rc;
        }
    }
    return 0;
}
