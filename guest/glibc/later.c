/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glibc has since 2.17, for programs that shall run with 2.17 (symbols.txt).  The declarations
 * are those of the system's own headers.  Never exported.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "struct stat is the kernel's own on x86-64; symbols.txt is for that, too"
#endif

/* Before 2.33 these were inline functions. */
int fstat(int fd, struct stat *buf)
{
    return (int)syscall(SYS_fstat, fd, buf);
}

int stat(const char *restrict file, struct stat *restrict buf)
{
    return (int)syscall(SYS_stat, file, buf);
}

/* 2.26 */
void *reallocarray(void *ptr, size_t nmemb, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(nmemb, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(ptr, bytes != 0 ? bytes : 1);
}

/* 2.30: what twalk cannot pass on. */
struct walk {
    void (*action)(const void *node, VISIT which, void *closure);
    void *closure;
};

static _Thread_local struct walk walk_now __attribute__((tls_model("initial-exec")));

static void relay(const void *node, VISIT which, int depth)
{
    (void)depth;
    walk_now.action(node, which, walk_now.closure);
}

void twalk_r(const void *root, void (*action)(const void *node, VISIT which, void *closure),
             void *closure)
{
    struct walk outer = walk_now;

    walk_now = (struct walk){action, closure};
    twalk(root, relay);
    walk_now = outer;
}
