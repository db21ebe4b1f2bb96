/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/logs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gs_call_info.h"
#include "gs_calls.h"
#include "guest/libcuda/stub.h"

/* Together no more than the 25,600 bytes that the driver keeps. */
#define MESSAGES_MAX  100u
#define LINE_BYTES    256u
#define CALLBACKS_MAX 32u
#define DOMAIN_BYTES  16u

static const char cut_note[] = "[CUDA][W] older messages are left out\n";

struct message {
    struct timespec time;
    unsigned int call; /* GS_CALLS: a text */
    CUresult cu;
    CUlogLevel level;
    char domain[DOMAIN_BYTES]; /* empty: our own */
    char text[LINE_BYTES - 64];
};

struct listener {
    CUlogsCallback fn;
    void *data;
    uintptr_t handle; /* 0: none */
};

static struct {
    pthread_mutex_t lock;
    struct message messages[MESSAGES_MAX];
    uint32_t next; /* number of the next message: the program's iterators */
    uint32_t kept; /* messages before it that are still there */
    uint32_t told; /* number of the first that listeners have not heard */
    struct listener listeners[CALLBACKS_MAX];
    uintptr_t last_handle;
    unsigned int listening;
} logs = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A call that fails in a callback is no news for callbacks. */
static __thread bool telling __attribute__((tls_model("initial-exec")));

static const struct message *at(uint32_t number)
{
    return &logs.messages[number % MESSAGES_MAX];
}

/* A line with its end; its length. */
static size_t format(const struct message *m, char line[LINE_BYTES])
{
    const char *error = NULL;
    struct tm tm;
    int len;

    (void)localtime_r(&m->time.tv_sec, &tm);
    len = snprintf(line, LINE_BYTES, "[%02d:%02d:%02d.%03ld][%ld][%s][%c] ", tm.tm_hour, tm.tm_min,
                   tm.tm_sec, m->time.tv_nsec / 1000000, (long)getpid(),
                   m->domain[0] != '\0' ? m->domain : "CUDA",
                   m->level == CU_LOG_LEVEL_ERROR ? 'E' : 'W');
    if (m->call == GS_CALLS) {
        len += snprintf(line + len, LINE_BYTES - (size_t)len, "%s\n", m->text);
    } else {
        (void)gs_cuGetErrorName(m->cu, &error);
        len += snprintf(line + len, LINE_BYTES - (size_t)len, "%s failed: %s (%d)\n",
                        gs_call_info[m->call].name, error != NULL ? error : "?", (int)m->cu);
    }
    return (size_t)len;
}

static void tell(const struct message *m)
{
    struct listener listeners[CALLBACKS_MAX];
    char line[LINE_BYTES];
    size_t len = format(m, line) - 1;

    line[len] = '\0';
    (void)pthread_mutex_lock(&logs.lock);
    memcpy(listeners, logs.listeners, sizeof(listeners));
    (void)pthread_mutex_unlock(&logs.lock);
    telling = true;
    for (unsigned int i = 0; i < CALLBACKS_MAX; i++) {
        if (listeners[i].handle != 0) {
            listeners[i].fn(listeners[i].data, m->level, line, len);
        }
    }
    telling = false;
}

static void add(struct message *m)
{
    (void)clock_gettime(CLOCK_REALTIME, &m->time);
    (void)pthread_mutex_lock(&logs.lock);
    logs.messages[logs.next++ % MESSAGES_MAX] = *m;
    logs.kept += logs.kept < MESSAGES_MAX;
    if (logs.listening == 0) {
        logs.told = logs.next;
    } else if (logs.next - logs.told > MESSAGES_MAX) {
        logs.told = logs.next - MESSAGES_MAX;
    }
    (void)pthread_mutex_unlock(&logs.lock);
}

/* The next message that listeners have not heard; false: there is none. */
static bool take_untold(struct message *m)
{
    bool any;

    (void)pthread_mutex_lock(&logs.lock);
    any = logs.told != logs.next;
    if (any) {
        *m = *at(logs.told++);
    }
    (void)pthread_mutex_unlock(&logs.lock);
    return any;
}

/* When no lock of the library is held, so that listeners may call. */
static void add_and_tell(struct message *m)
{
    add(m);
    while (!telling && take_untold(m)) {
        tell(m);
    }
}

void gs_logs_failed(unsigned int call_index, CUresult cu)
{
    struct message m = {.call = call_index, .cu = cu, .level = CU_LOG_LEVEL_ERROR};

    add_and_tell(&m);
}

void gs_logs_said(const char *domain, CUlogLevel level, const char *fmt, va_list args)
{
    struct message m = {.call = GS_CALLS, .level = level};

    (void)snprintf(m.domain, sizeof(m.domain), "%s", domain);
    (void)vsnprintf(m.text, sizeof(m.text), fmt, args);
    m.text[strcspn(m.text, "\n")] = '\0';
    add_and_tell(&m);
}

void gs_logs_text(const char *text)
{
    struct message m = {.call = GS_CALLS, .level = CU_LOG_LEVEL_ERROR};

    memcpy(m.text, text, strnlen(text, sizeof(m.text) - 1));
    add(&m);
}

void gs_logs_after_fork(void)
{
    (void)pthread_mutex_init(&logs.lock, NULL);
}

CUresult gs_cuLogsRegisterCallback(CUlogsCallback callbackFunc, void *userData,
                                   CUlogsCallbackHandle *callback_out)
{
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (callbackFunc == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_lock(&logs.lock);
    for (unsigned int i = 0; i < CALLBACKS_MAX && cu != CUDA_SUCCESS; i++) {
        struct listener *listener = &logs.listeners[i];

        if (listener->handle == 0) {
            *listener = (struct listener){callbackFunc, userData, ++logs.last_handle};
            logs.listening++;
            if (callback_out != NULL) {
                memcpy(callback_out, &listener->handle, sizeof(listener->handle));
            }
            cu = CUDA_SUCCESS;
        }
    }
    (void)pthread_mutex_unlock(&logs.lock);
    return cu;
}

CUresult gs_cuLogsUnregisterCallback(CUlogsCallbackHandle callback)
{
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    (void)pthread_mutex_lock(&logs.lock);
    for (unsigned int i = 0; i < CALLBACKS_MAX && callback != NULL; i++) {
        if (logs.listeners[i].handle == (uintptr_t)callback) {
            logs.listeners[i].handle = 0;
            logs.listening--;
            cu = CUDA_SUCCESS;
        }
    }
    (void)pthread_mutex_unlock(&logs.lock);
    return cu;
}

CUresult gs_cuLogsCurrent(CUlogIterator *iterator_out, unsigned int flags)
{
    (void)flags; /* must be 0 by the manual; native does not look: measured */
    if (iterator_out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_lock(&logs.lock);
    *iterator_out = logs.next;
    (void)pthread_mutex_unlock(&logs.lock);
    return CUDA_SUCCESS;
}

/* The messages from an iterator on; *cut: some are there no more.  The lock is held. */
static uint32_t wanted(const CUlogIterator *iterator, bool *cut)
{
    uint32_t count = iterator != NULL ? logs.next - *iterator : logs.kept;

    *cut = count > logs.kept || (iterator == NULL && logs.next > logs.kept);
    return count < logs.kept ? count : logs.kept;
}

/* The newest lines that `room` bytes hold, at most `count`; the number of them.  The lock is held.
 */
static uint32_t fitting(uint32_t count, size_t room, bool *cut)
{
    char line[LINE_BYTES];
    size_t used = *cut ? sizeof(cut_note) - 1 : 0;
    uint32_t lines = 0;

    while (lines < count) {
        size_t len = format(at(logs.next - lines - 1), line);

        if (len > room || used > room - len) {
            break;
        }
        used += len;
        lines++;
    }
    if (lines < count && !*cut) {
        *cut = true; /* the note takes room too */
        return fitting(count, room, cut);
    }
    return lines;
}

static size_t write_lines(char *buffer, uint32_t lines, bool cut)
{
    size_t used = 0;

    if (cut) {
        memcpy(buffer, cut_note, sizeof(cut_note) - 1);
        used = sizeof(cut_note) - 1;
    }
    for (uint32_t i = lines; i > 0; i--) {
        char line[LINE_BYTES];
        size_t len = format(at(logs.next - i), line);

        memcpy(buffer + used, line, len);
        used += len;
    }
    buffer[used] = '\0';
    return used;
}

CUresult gs_cuLogsDumpToMemory(CUlogIterator *iterator, char *buffer, size_t *size,
                               unsigned int flags)
{
    uint32_t count;
    uint32_t lines;
    size_t room;
    bool cut;

    (void)flags;
    if (buffer == NULL || size == NULL || *size == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    room = *size - 1;
    *size = 0;
    (void)pthread_mutex_lock(&logs.lock);
    count = wanted(iterator, &cut);
    lines = fitting(count, room, &cut);
    buffer[0] = '\0';
    if (lines > 0) {
        *size = write_lines(buffer, lines, cut);
    }
    if (iterator != NULL && (lines > 0 || count == 0)) {
        *iterator = logs.next;
    }
    (void)pthread_mutex_unlock(&logs.lock);
    return lines > 0 || count == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuLogsDumpToFile(CUlogIterator *iterator, const char *pathToFile, unsigned int flags)
{
    static char text[(size_t)MESSAGES_MAX * LINE_BYTES + sizeof(cut_note)];
    static pthread_mutex_t text_lock = PTHREAD_MUTEX_INITIALIZER;
    size_t size = sizeof(text);
    CUresult cu;
    FILE *file;

    if (pathToFile == NULL || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    file = fopen(pathToFile, "we");
    if (file == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_lock(&text_lock);
    cu = gs_cuLogsDumpToMemory(iterator, text, &size, 0);
    if (cu == CUDA_SUCCESS && fwrite(text, 1, size, file) != size) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_unlock(&text_lock);
    if (fclose(file) != 0 && cu == CUDA_SUCCESS) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    return cu;
}
