/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/console.h"

/* Text that a guest has not read, four times what the driver holds: more is dropped, and the guest
 * told. */
#define QUEUE_BYTES_MAX ((size_t)4 << 20)
/* What a session may put into the log at its end. */
#define LOG_LINES_MAX 8
/* How long the end of a session waits for a guest that reads its last text. */
#define LAST_NS (200 * VGPU_NS_PER_MS)
/* How long the thread naps at most between two looks at a guest that does not read. */
#define NAP_MAX_MS 64

enum { OUT, ERR, PIPES, NUDGE = PIPES, WATCHED };

struct piece {
    struct piece *next;
    uint32_t head; /* as it travels */
    uint32_t len;
    uint8_t bytes[];
};

static struct {
    pthread_mutex_t lock;
    int fds[WATCHED]; /* of the pipes, and an eventfd that wakes the thread */
    struct piece *first;
    struct piece **last;
    size_t bytes;     /* that the queue takes */
    uint64_t queued;  /* ring bytes of all pieces ever, dropped ones not */
    uint64_t sent;    /* of them, those that were put into the ring */
    uint64_t dropped; /* bytes of text since the last note */
    void *window;
    bool started;
    bool open; /* the guest reads: its kernels print, or have failed */
} console = {.lock = PTHREAD_MUTEX_INITIALIZER, .fds = {-1, -1, -1}};

static int replace(int target, int *reader)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0 ||
        dup2(fds[1], target) < 0) {
        return -errno;
    }
    (void)close(fds[1]);
    *reader = fds[0];
    return 0;
}

int ex_console_prepare(void)
{
    int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
    int rc;

    if (log < 0) {
        return -errno;
    }
    vgpu_log_set_stderr(log);
    console.last = &console.first;
    console.fds[NUDGE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (console.fds[NUDGE] < 0) {
        return -errno;
    }
    rc = replace(STDOUT_FILENO, &console.fds[OUT]);
    return rc == 0 ? replace(STDERR_FILENO, &console.fds[ERR]) : rc;
}

/* The lock is held. */
static void queue(uint32_t kind, const void *bytes, uint32_t len)
{
    size_t takes = sizeof(struct piece) + len;
    struct piece *piece = console.bytes + takes <= QUEUE_BYTES_MAX ? malloc(takes) : NULL;

    if (piece == NULL) {
        console.dropped += len;
        return;
    }
    piece->next = NULL;
    piece->head = kind | len;
    piece->len = len;
    memcpy(piece->bytes, bytes, len);
    *console.last = piece;
    console.last = &piece->next;
    console.bytes += takes;
    console.queued += sizeof(piece->head) + len;
}

/* The lock is held. */
static void note_dropped(void)
{
    char text[96];
    int len;

    if (console.dropped == 0 || console.bytes > QUEUE_BYTES_MAX / 2) {
        return;
    }
    len = snprintf(text, sizeof(text), "vgpu: %llu bytes of device output were dropped\n",
                   (unsigned long long)console.dropped);
    console.dropped = 0;
    queue(VGPU_CONSOLE_ERROR, text, (uint32_t)len);
}

/* Takes what is in the pipes now.  The lock is held. */
static void take_pipes(void)
{
    uint8_t bytes[VGPU_CONSOLE_PIECE_MAX];

    for (int i = 0; i < PIPES; i++) {
        ssize_t got;

        while ((got = read(console.fds[i], bytes, sizeof(bytes))) > 0) {
            queue(i == ERR ? VGPU_CONSOLE_ERROR : 0, bytes, (uint32_t)got);
        }
        if (got == 0) {
            console.fds[i] = -1; /* nobody can write any more */
        }
    }
}

/* Bytes of the ring that the guest has read or never had.  The lock is held. */
static uint64_t ring_room(void)
{
    uint64_t tail =
        atomic_load_explicit(&vgpu_console_words(console.window)->tail, memory_order_acquire);
    uint64_t unread = console.sent - tail;

    return tail <= console.sent && unread <= VGPU_CHANNEL_CONSOLE_BYTES
               ? VGPU_CHANNEL_CONSOLE_BYTES - unread
               : 0;
}

/* The lock is held. */
static void put_piece(const struct piece *piece)
{
    uint8_t *ring = vgpu_console_data(console.window);

    vgpu_console_put(ring, console.sent, &piece->head, sizeof(piece->head));
    vgpu_console_put(ring, console.sent + sizeof(piece->head), piece->bytes, piece->len);
    console.sent += sizeof(piece->head) + piece->len;
    atomic_store_explicit(&vgpu_console_words(console.window)->head, console.sent,
                          memory_order_release);
}

/* The lock is held. */
static void drop_first(void)
{
    struct piece *piece = console.first;

    console.first = piece->next;
    if (console.first == NULL) {
        console.last = &console.first;
    }
    console.bytes -= sizeof(*piece) + piece->len;
    free(piece);
}

/* Sends as far as there is room; false: the guest has to read first.  The lock is held. */
static bool push(void)
{
    while (console.open && console.first != NULL) {
        if (ring_room() < sizeof(console.first->head) + console.first->len) {
            return false;
        }
        put_piece(console.first);
        drop_first();
    }
    return true;
}

/* One turn of the thread; how long it may sleep, in ms. */
static int turn(int nap)
{
    uint64_t before;
    bool all;

    (void)pthread_mutex_lock(&console.lock);
    before = console.sent;
    take_pipes();
    note_dropped();
    all = push();
    if (console.sent != before) {
        nap = 0;
    }
    (void)pthread_mutex_unlock(&console.lock);
    if (all) {
        return -1;
    }
    return nap <= 0 ? 1 : (nap * 2 < NAP_MAX_MS ? nap * 2 : NAP_MAX_MS);
}

static void *console_main(void *arg)
{
    struct pollfd entries[WATCHED];
    uint64_t nudges;
    int nap = -1;

    (void)arg;
    for (;;) {
        for (int i = 0; i < WATCHED; i++) {
            entries[i] = (struct pollfd){.fd = console.fds[i], .events = POLLIN};
        }
        (void)poll(entries, WATCHED, nap);
        (void)!read(console.fds[NUDGE], &nudges, sizeof(nudges));
        nap = turn(nap);
    }
    return NULL;
}

int ex_console_start(void)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, console_main, NULL);

    if (rc == 0) {
        (void)pthread_detach(thread);
        console.started = true;
    }
    return -rc;
}

/* Standard error's part goes to the log, a bounded number of lines; the rest is nobody's.  The lock
 * is held. */
static void drop_queue(void)
{
    char text[VGPU_LOG_LINE_MAX / 2];
    int lines = LOG_LINES_MAX;

    while (console.first != NULL) {
        const struct piece *piece = console.first;

        if ((piece->head & VGPU_CONSOLE_ERROR) != 0 && lines-- > 0) {
            vgpu_log(VGPU_LOG_NOTICE, "the driver said text=%s",
                     vgpu_log_escape(text, sizeof(text), piece->bytes, piece->len));
        }
        drop_first();
    }
}

void ex_console_attach(void *window)
{
    (void)fflush(stdout);
    (void)pthread_mutex_lock(&console.lock);
    if (console.started) {
        take_pipes(); /* of the self-test */
        drop_queue();
    }
    console.queued = console.sent = 0;
    atomic_store(&vgpu_console_words(window)->head, 0);
    atomic_store(&vgpu_console_words(window)->tail, 0);
    console.window = window;
    (void)pthread_mutex_unlock(&console.lock);
}

uint64_t ex_console_settle(void)
{
    const uint64_t one = 1;
    uint64_t end;

    if (!console.started) {
        return 0;
    }
    (void)fflush(stdout);
    (void)pthread_mutex_lock(&console.lock);
    console.open = true;
    take_pipes();
    note_dropped();
    if (!push()) {
        (void)!write(console.fds[NUDGE], &one, sizeof(one)); /* the rest as the guest reads */
    }
    end = console.queued;
    (void)pthread_mutex_unlock(&console.lock);
    return end;
}

void ex_console_open(void)
{
    (void)pthread_mutex_lock(&console.lock);
    console.open = console.started;
    (void)pthread_mutex_unlock(&console.lock);
}

static bool all_sent(void)
{
    bool all;

    (void)pthread_mutex_lock(&console.lock);
    all = push();
    (void)pthread_mutex_unlock(&console.lock);
    return all;
}

void ex_console_wait_read(void)
{
    const struct timespec nap = {.tv_sec = 0, .tv_nsec = (long)VGPU_NS_PER_MS};
    uint64_t until = vgpu_clock_ns() + LAST_NS;

    while (!all_sent() && vgpu_clock_ns() < until) {
        (void)nanosleep(&nap, NULL);
    }
}

void ex_console_leave(void)
{
    if (!console.started) {
        return;
    }
    (void)pthread_mutex_lock(&console.lock);
    take_pipes();
    drop_queue();
    (void)pthread_mutex_unlock(&console.lock);
}
