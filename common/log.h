/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_LOG_H
#define VGPU_COMMON_LOG_H

/*
 * Logging: one line per event, "what happened key=value key=value".
 *
 * Lines go to the systemd journal or to standard error.  The journal socket is
 * connected by vgpu_log_init() and kept, so that logging works after a seccomp
 * lock: a line costs one send(), or a poll() and a write(), and no other system call.
 * Nothing here waits: a line that journal and standard error do not take at once is
 * dropped and counted, and the next one that is taken is preceded by the count.
 *
 * In the journal the words vm=, session=, gpu=, pool=, worker= and guest= of a line are
 * also fields (VGPU_VM and so on), outside of quotes.
 * All functions but vgpu_log_init() may be called from any thread.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values are those of syslog(3). */
enum vgpu_log_level {
    VGPU_LOG_ERROR = 3,
    VGPU_LOG_WARNING = 4,
    VGPU_LOG_NOTICE = 5,
    VGPU_LOG_INFO = 6,
    VGPU_LOG_DEBUG = 7,
};

enum vgpu_log_target {
    /*
     * The journal if standard error is connected to it ($JOURNAL_STREAM) or if
     * it runs and standard error is no terminal; otherwise standard error.
     * $VGPU_LOG_TARGET = "stderr" or "journal" decides it.
     */
    VGPU_LOG_TARGET_AUTO,
    VGPU_LOG_TARGET_STDERR,
    VGPU_LOG_TARGET_JOURNAL,
};

/* Longest message in bytes with its terminator; longer ones are cut and end in "...". */
#define VGPU_LOG_LINE_MAX 1024

/*
 * Sets the program name (copied, at most 31 bytes), the highest level that is
 * written, and the target.  Before it, lines of level INFO and below go to
 * standard error as "vgpu".  Call it before threads start and before a sandbox
 * is locked; a second call replaces the first.
 * Returns 0, or -errno if the journal was asked for by name and is not there
 * (lines then go to standard error).
 */
int vgpu_log_init(const char *program, enum vgpu_log_level level, enum vgpu_log_target target);

/* Changes the highest level that is written. */
void vgpu_log_set_level(enum vgpu_log_level level);

/* True if a line of this level would be written: spares costly arguments. */
bool vgpu_log_enabled(enum vgpu_log_level level);

/* Lines for standard error go to this descriptor from now on, because number 2 is in other use. */
void vgpu_log_set_stderr(int fd);

/* The descriptor that lines go to, for a close-all-but list; -1 if there is none. */
int vgpu_log_fd(void);

/*
 * Writes one line if its level is enabled.  Control characters in it are
 * replaced by '?'.  Pass text from a peer through vgpu_log_escape() first, so
 * that it cannot pretend to be key=value words of ours.  Keeps errno.
 */
__attribute__((format(printf, 2, 3))) void vgpu_log(enum vgpu_log_level level, const char *fmt,
                                                    ...);
__attribute__((format(printf, 2, 0))) void vgpu_vlog(enum vgpu_log_level level, const char *fmt,
                                                     va_list args);

/* As vgpu_log(), with a MESSAGE_ID (log_id.h) in the journal. */
__attribute__((format(printf, 3, 4))) void vgpu_log_id(enum vgpu_log_level level, const char *id,
                                                       const char *fmt, ...);

/* Lines that neither the journal nor standard error took, and those that a rate limit held back,
 * since the program started. */
uint64_t vgpu_log_dropped(void);

/*
 * Copies len bytes of src as printable text into dst (cap bytes, always
 * terminated when cap > 0): printable ASCII except space, '=', '"' and '\'
 * stays, everything else becomes \xHH.  Text that does not fit ends in "...".
 * Returns dst, for use as a %s argument.
 */
const char *vgpu_log_escape(char *dst, size_t cap, const void *src, size_t len);

/* The name of a level ("error" ... "debug"); "?" for another value. */
const char *vgpu_log_level_name(enum vgpu_log_level level);

/* Reads such a name.  0, or -EINVAL and *level unchanged. */
int vgpu_log_level_parse(const char *name, enum vgpu_log_level *level);

/*
 * A rate limiter for log lines that a peer can cause: `burst` lines at once,
 * then one per `interval_ns`.  Zero `used` and `last_ns` at the start
 * (VGPU_RATELIMIT_INIT does).  Not thread-safe: one per owner.
 */
struct vgpu_ratelimit {
    uint64_t interval_ns;
    uint32_t burst;
    uint32_t used;
    uint64_t last_ns;
    /* Lines suppressed since the last one that passed. */
    uint64_t suppressed;
};

#define VGPU_RATELIMIT_INIT(burst_, interval_ns_)                                                  \
    {                                                                                              \
        .interval_ns = (interval_ns_), .burst = (burst_)                                           \
    }

/*
 * True if a line may be written at time now_ns (vgpu_clock_ns()).  *suppressed,
 * if not NULL, is then the number of lines kept back since the last one.
 */
bool vgpu_ratelimit_pass(struct vgpu_ratelimit *limit, uint64_t now_ns, uint64_t *suppressed);

#endif
