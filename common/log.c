/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/log_sink.h"

static const struct {
    enum vgpu_log_level level;
    const char *name;
} level_names[] = {
    {VGPU_LOG_ERROR, "error"}, {VGPU_LOG_WARNING, "warning"}, {VGPU_LOG_NOTICE, "notice"},
    {VGPU_LOG_INFO, "info"},   {VGPU_LOG_DEBUG, "debug"},
};

#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

static char program_name[32] = "vgpu";
static atomic_int level_max = VGPU_LOG_INFO;
/* Lines that rate limits held back. */
static _Atomic uint64_t held_back;

const char *vgpu_log_level_name(enum vgpu_log_level level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (level_names[i].level == level) {
            return level_names[i].name;
        }
    }
    return "?";
}

int vgpu_log_level_parse(const char *name, enum vgpu_log_level *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(level_names[i].name, name) == 0) {
            *level = level_names[i].level;
            return 0;
        }
    }
    return -EINVAL;
}

int vgpu_log_init(const char *program, enum vgpu_log_level level, enum vgpu_log_target target)
{
    (void)snprintf(program_name, sizeof(program_name), "%s", program);
    vgpu_log_set_level(level);
    return log_sink_open(target);
}

void vgpu_log_set_level(enum vgpu_log_level level)
{
    atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}

bool vgpu_log_enabled(enum vgpu_log_level level)
{
    return (int)level <= atomic_load_explicit(&level_max, memory_order_relaxed);
}

void vgpu_log_set_stderr(int fd)
{
    log_sink_set_stderr(fd);
}

int vgpu_log_fd(void)
{
    return log_sink_fd();
}

/* Marks text that was cut at cap bytes. */
static void mark_cut(char *text, size_t cap)
{
    if (cap > 3) {
        memcpy(text + cap - 4, "...", 4);
    }
}

__attribute__((format(printf, 3, 0))) static void
write_line(enum vgpu_log_level level, const char *id, const char *fmt, va_list args)
{
    char text[VGPU_LOG_LINE_MAX];
    int saved = errno;
    int len;

    if (!vgpu_log_enabled(level)) {
        return;
    }
    len = vsnprintf(text, sizeof(text), fmt, args);
    if (len < 0) {
        (void)snprintf(text, sizeof(text), "log line that cannot be formatted");
    } else if ((size_t)len >= sizeof(text)) {
        mark_cut(text, sizeof(text));
    }
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    log_sink_write(program_name, level, id, text);
    errno = saved;
}

void vgpu_vlog(enum vgpu_log_level level, const char *fmt, va_list args)
{
    write_line(level, NULL, fmt, args);
}

void vgpu_log_id(enum vgpu_log_level level, const char *id, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    write_line(level, id, fmt, args);
    va_end(args);
}

uint64_t vgpu_log_dropped(void)
{
    return log_sink_dropped() + atomic_load_explicit(&held_back, memory_order_relaxed);
}

void vgpu_log(enum vgpu_log_level level, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vgpu_vlog(level, fmt, args);
    va_end(args);
}

static bool is_plain(unsigned char c)
{
    return c > 0x20 && c < 0x7f && c != '=' && c != '"' && c != '\\';
}

const char *vgpu_log_escape(char *dst, size_t cap, const void *src, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *from = src;
    size_t at = 0;

    if (cap == 0) {
        return dst;
    }
    for (size_t i = 0; i < len; i++) {
        size_t need = is_plain(from[i]) ? 1 : 4;

        if (need >= cap - at) {
            dst[at] = '\0';
            mark_cut(dst, at + 4 < cap ? at + 4 : cap);
            return dst;
        }
        if (need == 1) {
            dst[at++] = (char)from[i];
        } else {
            dst[at++] = '\\';
            dst[at++] = 'x';
            dst[at++] = hex[from[i] >> 4];
            dst[at++] = hex[from[i] & 15];
        }
    }
    dst[at] = '\0';
    return dst;
}

bool vgpu_ratelimit_pass(struct vgpu_ratelimit *limit, uint64_t now_ns, uint64_t *suppressed)
{
    uint64_t elapsed = now_ns > limit->last_ns ? now_ns - limit->last_ns : 0;
    uint64_t earned = limit->interval_ns == 0 ? limit->burst : elapsed / limit->interval_ns;

    if (earned >= limit->used) {
        limit->used = 0;
        limit->last_ns = now_ns;
    } else {
        limit->used -= (uint32_t)earned;
        limit->last_ns += earned * limit->interval_ns;
    }
    if (limit->used >= limit->burst) {
        limit->suppressed++;
        (void)atomic_fetch_add_explicit(&held_back, 1, memory_order_relaxed);
        return false;
    }
    limit->used++;
    if (suppressed != NULL) {
        *suppressed = limit->suppressed;
    }
    limit->suppressed = 0;
    return true;
}
