/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log_sink.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log_field.h"
#include "common/log_id.h"

static const char journal_path[] = "/run/systemd/journal/socket";

/* Connected journal socket, or -1: lines go to standard error. */
static int journal_fd = -1;
static int stderr_fd = STDERR_FILENO;

/* Lines that nobody took, and how many of them a later line has told of. */
static _Atomic uint64_t dropped;
static _Atomic uint64_t confessed;

/* Seconds since 1970 as a UTC date: gmtime_r() would open the time zone file. */
static void format_time(char *dst, size_t cap, const struct timespec *now)
{
    /* Howard Hinnant's civil_from_days, for dates from 1970 to 9999. */
    unsigned int z = (unsigned int)(now->tv_sec / 86400) + 719468;
    unsigned int era = z / 146097;
    unsigned int doe = z - era * 146097;
    unsigned int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned int mp = (5 * doy + 2) / 153;
    unsigned int day = doy - (153 * mp + 2) / 5 + 1;
    unsigned int month = mp < 10 ? mp + 3 : mp - 9;
    unsigned int year = yoe + era * 400 + (month <= 2);
    unsigned int rest = (unsigned int)(now->tv_sec % 86400);
    unsigned int ms = (unsigned int)(now->tv_nsec / 1000000);

    (void)snprintf(dst, cap, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, day, rest / 3600,
                   rest / 60 % 60, rest % 60, ms);
}

/* $JOURNAL_STREAM is "device:inode" of the stream that systemd gave us. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char here[64];
    struct stat st;

    if (stream == NULL || fstat(STDERR_FILENO, &st) != 0) {
        return false;
    }
    (void)snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, here) == 0;
}

static enum vgpu_log_target choose(void)
{
    const char *wish = getenv("VGPU_LOG_TARGET");

    if (wish != NULL && strcmp(wish, "journal") == 0) {
        return VGPU_LOG_TARGET_JOURNAL;
    }
    if (wish != NULL && strcmp(wish, "stderr") == 0) {
        return VGPU_LOG_TARGET_STDERR;
    }
    if (stderr_is_journal() || (access(journal_path, W_OK) == 0 && !isatty(STDERR_FILENO))) {
        return VGPU_LOG_TARGET_JOURNAL;
    }
    return VGPU_LOG_TARGET_STDERR;
}

/* Non-blocking: a journal that is stuck must not stop a daemon. */
static int connect_journal(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -errno;
    }
    memcpy(addr.sun_path, journal_path, sizeof(journal_path));
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
        int rc = -errno;

        vgpu_fd_close(&fd);
        return rc;
    }
    return fd;
}

int log_sink_open(enum vgpu_log_target target)
{
    bool by_name = target == VGPU_LOG_TARGET_JOURNAL;
    int fd;

    vgpu_fd_close(&journal_fd);
    if (target == VGPU_LOG_TARGET_AUTO) {
        target = choose();
    }
    if (target != VGPU_LOG_TARGET_JOURNAL) {
        return 0;
    }
    fd = connect_journal();
    if (fd < 0) {
        return by_name ? fd : 0;
    }
    journal_fd = fd;
    return 0;
}

void log_sink_set_stderr(int fd)
{
    stderr_fd = fd;
}

void log_sink_set_journal(int fd)
{
    vgpu_fd_close(&journal_fd);
    journal_fd = fd;
}

int log_sink_fd(void)
{
    return journal_fd >= 0 ? journal_fd : stderr_fd;
}

/* ---- writing ---------------------------------------------------------------- */

uint64_t log_sink_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

/* The journal's native format: NAME=value lines; the text has no line ends. */
static bool write_journal(const char *program, enum vgpu_log_level level, const char *id,
                          const char *text)
{
    char packet[2 * VGPU_LOG_LINE_MAX];
    int len =
        snprintf(packet, sizeof(packet), "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n%s%s%sMESSAGE=%s\n",
                 (int)level, program, id != NULL ? "MESSAGE_ID=" : "", id != NULL ? id : "",
                 id != NULL ? "\n" : "", text);
    size_t end;

    if (len <= 0 || (size_t)len >= sizeof(packet)) {
        return false;
    }
    end = log_field_append(packet, sizeof(packet), (size_t)len, text);
    return send(journal_fd, packet, end, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)end;
}

/* A pipe or socket that nobody empties must not hold us up; a line is less than a pipe's page. */
static bool write_stderr(const char *program, enum vgpu_log_level level, const char *text)
{
    struct pollfd ready = {.fd = stderr_fd, .events = POLLOUT};
    char line[VGPU_LOG_LINE_MAX + 128];
    char stamp[96];
    struct timespec now = {0, 0};
    int len;

    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
        return false;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    format_time(stamp, sizeof(stamp), &now);
    len = snprintf(line, sizeof(line), "%s %s %s: %s\n", stamp, program, vgpu_log_level_name(level),
                   text);
    /* One write, so that lines of several processes do not mix. */
    return len > 0 && (size_t)len < sizeof(line) && write(stderr_fd, line, (size_t)len) == len;
}

static bool write_line(const char *program, enum vgpu_log_level level, const char *id,
                       const char *text)
{
    return (journal_fd >= 0 && write_journal(program, level, id, text)) ||
           write_stderr(program, level, text);
}

/* Tells of lines that were dropped before; two threads do not tell of the same. */
static void confess(const char *program)
{
    uint64_t all = atomic_load_explicit(&dropped, memory_order_relaxed);
    uint64_t before = atomic_exchange_explicit(&confessed, all, memory_order_relaxed);
    char text[64];

    if (all <= before) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%ju lines were not logged of=%s", (uintmax_t)(all - before),
                   program);
    if (!write_line(program, VGPU_LOG_WARNING, VGPU_LOG_ID_LINES_DROPPED, text)) {
        atomic_store_explicit(&confessed, before, memory_order_relaxed);
    }
}

void log_sink_write(const char *program, enum vgpu_log_level level, const char *id,
                    const char *text)
{
    if (atomic_load_explicit(&dropped, memory_order_relaxed) !=
        atomic_load_explicit(&confessed, memory_order_relaxed)) {
        confess(program);
    }
    if (!write_line(program, level, id, text)) {
        (void)atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    }
}
