/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sandbox/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

/* Each would fail harmlessly with another errno, or be undone, if it were not refused. */
static const struct {
    const char *name;
    long nr;
    long args[3];
    int want;
} attempts[] = {
    {"openat", SYS_openat, {AT_FDCWD, (long)"/proc/self/environ", O_RDONLY}, EACCES},
    {"openat write", SYS_openat, {AT_FDCWD, (long)"/dev/null", O_WRONLY}, EACCES},
    {"socket", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, EPERM},
    {"execve", SYS_execve, {(long)"", 0, 0}, EPERM},
    {"memfd_create", SYS_memfd_create, {(long)"", 0, 0}, EPERM},
    {"kill", SYS_kill, {1, 0, 0}, EPERM},
    {"ptrace", SYS_ptrace, {-1, 0, 0}, EPERM},
    {"clone3", SYS_clone3, {0, 0, 0}, EPERM},
};

int ex_verify_locked(void)
{
    int rc = 0;

    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const long *args = attempts[i].args;
        long got = syscall(attempts[i].nr, args[0], args[1], args[2], 0, 0, 0);

        if (got >= 0 || errno != attempts[i].want) {
            vgpu_log(VGPU_LOG_ERROR, "sandbox does not refuse call=\"%s\" got=%ld errno=%d",
                     attempts[i].name, got, got < 0 ? errno : 0);
            rc = -EACCES;
        }
    }
    return rc;
}
