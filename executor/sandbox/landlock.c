/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"

/* Of kernels newer than the headers of Debian 12. */
#define ACCESS_FS_REFER     (1ull << 13)
#define ACCESS_FS_TRUNCATE  (1ull << 14)
#define ACCESS_FS_IOCTL_DEV (1ull << 15)
#define ACCESS_NET_ALL      3ull
#define SCOPE_ALL           3ull

#define ACCESS_READ   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define ACCESS_DEVICE (ACCESS_WRITE | ACCESS_FS_IOCTL_DEV)
/* Rights that a rule of a plain file may name. */
#define ACCESS_OF_FILES                                                                            \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE |   \
     ACCESS_FS_TRUNCATE | ACCESS_FS_IOCTL_DEV)

struct ruleset_attr {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

static const struct {
    const char *pattern;
    uint64_t access;
    const char *reason;
} paths[] = {
    {"/usr", ACCESS_READ, "driver libraries and what they load"},
    {"/lib", ACCESS_READ, "as /usr where it is no link"},
    {"/lib64", ACCESS_READ, "as /usr where it is no link"},
    {"/opt", ACCESS_READ, "drivers installed outside /usr"},
    {"/run/nvidia", ACCESS_READ, "driver containers"},
    {"/etc/ld.so.cache", ACCESS_READ, "the dynamic linker"},
    {"/etc/nvidia", ACCESS_READ, "application profiles"},
    {"/etc/localtime", ACCESS_READ, "time stamps"},
    {"/proc/driver", ACCESS_READ, "the kernel driver's version and GPUs"},
    {"/proc/devices", ACCESS_READ, "device numbers"},
    {"/proc/modules", ACCESS_READ, "is the kernel driver loaded"},
    {"/proc/cpuinfo", ACCESS_READ, "processor features"},
    {"/proc/meminfo", ACCESS_READ, "memory size"},
    {"/proc/stat", ACCESS_READ, "processors"},
    {"/proc/filesystems", ACCESS_READ, "probed at start"},
    {"/proc/sys/vm", ACCESS_READ, "overcommit and lowest address"},
    {"/proc/sys/kernel", ACCESS_READ, "kernel facts"},
    {"/proc/self", ACCESS_READ, "own maps and status"},
    {"/proc/self/task", ACCESS_READ | ACCESS_WRITE | ACCESS_FS_TRUNCATE,
     "names of threads: cuInit needs to write them"},
    {"/sys/devices", ACCESS_READ, "processors, memory nodes, PCI"},
    {"/sys/bus/pci", ACCESS_READ, "where the GPU sits"},
    {"/sys/module", ACCESS_READ, "state of the kernel driver"},
    {"/dev/null", ACCESS_DEVICE, "standard streams"},
    {"/dev/urandom", ACCESS_READ, "libraries' seeds"},
    {"/dev/nvidia*", ACCESS_DEVICE, "the GPU's nodes"},
    {"/dev/nvidia-caps/*", ACCESS_DEVICE, "capability nodes"},
};

static int create_ruleset(const struct ruleset_attr *attr, size_t size, uint32_t flags)
{
    long fd = syscall(SYS_landlock_create_ruleset, attr, size, flags);

    return fd < 0 ? -errno : (int)fd;
}

uint32_t ex_landlock_abi(void)
{
    int version = create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? 0 : (uint32_t)version;
}

/* Every right that this ABI knows, so that what no rule gives is refused. */
static uint64_t rights_of(uint32_t abi)
{
    uint64_t rights = (1ull << 13) - 1;

    rights |= abi >= 2 ? ACCESS_FS_REFER : 0;
    rights |= abi >= 3 ? ACCESS_FS_TRUNCATE : 0;
    rights |= abi >= 5 ? ACCESS_FS_IOCTL_DEV : 0;
    return rights;
}

static int add_path(int ruleset, const char *path, uint64_t access, uint64_t rights)
{
    VGPU_CLEANUP_FD int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        vgpu_log(VGPU_LOG_DEBUG, "landlock rule skipped path=%s error=%d", path, errno);
        return 0;
    }
    struct landlock_path_beneath_attr rule = {
        .allowed_access = access & rights & (S_ISDIR(status.st_mode) ? ~0ull : ACCESS_OF_FILES),
        .parent_fd = fd,
    };

    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
        return -errno;
    }
    return 0;
}

static int add_pattern(int ruleset, const char *pattern, uint64_t access, uint64_t rights)
{
    glob_t found;
    int rc = 0;

    if (glob(pattern, 0, NULL, &found) != 0) {
        vgpu_log(VGPU_LOG_DEBUG, "landlock rule skipped path=%s", pattern);
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
        rc = add_path(ruleset, found.gl_pathv[i], access, rights);
    }
    globfree(&found);
    return rc;
}

static int add_driver(int ruleset, const char *driver, uint64_t rights)
{
    if (driver == NULL || strchr(driver, '/') == NULL) {
        return 0;
    }
    VGPU_CLEANUP_FREE char *real = realpath(driver, NULL);

    if (real == NULL) {
        return 0;
    }
    return add_path(ruleset, dirname(real), ACCESS_READ, rights);
}

static int add_all(int ruleset, const char *driver, uint64_t rights)
{
    int rc = add_driver(ruleset, driver, rights);

    for (size_t i = 0; rc == 0 && i < sizeof(paths) / sizeof(paths[0]); i++) {
        rc = add_pattern(ruleset, paths[i].pattern, paths[i].access, rights);
    }
    return rc;
}

/* The kernel refuses a structure longer than it knows unless the rest is zero: send its own. */
static size_t attr_size(uint32_t abi)
{
    if (abi >= 6) {
        return 24;
    }
    return abi >= 4 ? 16 : 8;
}

int ex_landlock_restrict(const char *driver, uint32_t *abi)
{
    uint32_t version = ex_landlock_abi();
    uint64_t rights = rights_of(version);
    struct ruleset_attr attr = {.fs = rights, .net = ACCESS_NET_ALL, .scoped = SCOPE_ALL};

    if (version == 0) {
        *abi = 0;
        return 0;
    }
    VGPU_CLEANUP_FD int ruleset = create_ruleset(&attr, attr_size(version), 0);

    if (ruleset < 0) {
        return ruleset;
    }
    int rc = add_all(ruleset, driver, rights);

    if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) {
        rc = -errno;
    }
    if (rc == 0) {
        *abi = version;
    }
    return rc;
}
