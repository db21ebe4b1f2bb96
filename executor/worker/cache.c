/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/cache.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/image_hash.h"
#include "common/log.h"
#include "executor/worker/error.h"
#include "executor/worker/pages.h"
#include "executor/worker/private_copy.h"
#include "executor/worker/session.h"
#include "proto/cache.h"

/* Values of CacheAnswer.state. */
enum state { NOTHING, FILED, ROOM, OF_THAT_SIZE };

/* What is to be filed when a load has been answered: an image, and what its PTX became. */
#define LATER_MAX 2u

struct later {
    uint8_t *bytes;
    size_t size;
    bool has_key;
    uint8_t key[VGPU_CACHE_KEY_BYTES];
};

static _Thread_local struct later later[LATER_MAX];
static _Thread_local unsigned int later_count;

void ex_cache_init(struct ex_cache *cache)
{
    (void)pthread_mutex_init(&cache->turn, NULL);
    (void)pthread_mutex_init(&cache->lock, NULL);
    (void)pthread_cond_init(&cache->answered, NULL);
    cache->fd = -1;
}

/* ---- questions -------------------------------------------------------------- */

void ex_cache_answer(struct ex_session *x, const Vgpu__CacheAnswer *answer,
                     struct vgpu_frame_socket *socket)
{
    struct ex_cache *cache = &x->cache;
    bool has_fd = answer->state == FILED || answer->state == ROOM;
    int fd = has_fd ? vgpu_frame_socket_take_fd(socket) : -1;
    bool due;

    (void)pthread_mutex_lock(&cache->lock);
    due = cache->waits;
    cache->waits = false;
    cache->state = fd >= 0 || !has_fd ? answer->state : NOTHING;
    cache->bytes = answer->bytes;
    cache->fd = fd;
    (void)pthread_cond_signal(&cache->answered);
    (void)pthread_mutex_unlock(&cache->lock);
    if (!due) {
        ex_session_broken(x, "an answer of the cache that nobody asked for");
    }
}

/* Asks and waits.  *fd is the caller's.  A key of NULL asks for the size.  The turn is held. */
static uint32_t ask(struct ex_session *x, const uint8_t *key, uint64_t room, uint64_t *bytes,
                    int *fd)
{
    struct ex_cache *cache = &x->cache;
    Vgpu__CacheAsk message = VGPU__CACHE_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t copy[VGPU_CACHE_KEY_BYTES];
    uint32_t state;

    if (key != NULL) {
        memcpy(copy, key, sizeof(copy));
        message.key.data = copy;
        message.key.len = sizeof(copy);
    }
    message.room = room;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_ASK;
    frame.cache_ask = &message;
    (void)pthread_mutex_lock(&cache->lock);
    cache->waits = true;
    (void)pthread_mutex_unlock(&cache->lock);
    ex_outbox_send(x->outbox, &frame);
    (void)pthread_mutex_lock(&cache->lock);
    while (cache->waits) {
        (void)pthread_cond_wait(&cache->answered, &cache->lock);
    }
    state = cache->state;
    *bytes = cache->bytes;
    *fd = cache->fd;
    cache->fd = -1;
    (void)pthread_mutex_unlock(&cache->lock);
    return state;
}

void ex_cache_wrong(struct ex_session *x, const uint8_t *key, const char *reason)
{
    Vgpu__CacheWrong message = VGPU__CACHE_WRONG__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t copy[VGPU_CACHE_KEY_BYTES];
    char text[VGPU_TEXT_BYTES_MAX];

    memcpy(copy, key, sizeof(copy));
    (void)strncpy(text, reason, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    message.key.data = copy;
    message.key.len = sizeof(copy);
    message.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_WRONG;
    frame.cache_wrong = &message;
    vgpu_log(VGPU_LOG_WARNING, "cached code cannot be used what=\"%s\"", reason);
    ex_outbox_send(x->outbox, &frame);
}

/* ---- finding ---------------------------------------------------------------- */

/* NULL, or what is wrong with the descriptor. */
static const char *check_fd(int fd, uint64_t bytes)
{
    struct stat status;
    int seals = fcntl(fd, F_GET_SEALS);

    if (bytes == 0 || bytes > VGPU_CACHE_BYTES_MAX || fstat(fd, &status) != 0 ||
        (uint64_t)status.st_size != vgpu_cache_fd_bytes(bytes)) {
        return "its size";
    }
    return seals >= 0 && (seals & VGPU_CACHE_SEALS) == VGPU_CACHE_SEALS ? NULL : "its seals";
}

/* NULL, or what is wrong. */
static const char *map(int fd, uint64_t bytes, struct ex_cached *cached)
{
    const char *wrong = check_fd(fd, bytes);
    void *at;

    if (wrong != NULL) {
        return wrong;
    }
    /* Private: older kernels refuse to share what is sealed, even to be read. */
    at = mmap(NULL, vgpu_cache_fd_bytes(bytes), PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) {
        return "it cannot be mapped";
    }
    cached->bytes = at;
    cached->size = bytes;
    if (cached->bytes[bytes] != 0) {
        ex_cache_let_go(cached);
        return "no NUL behind it";
    }
    return NULL;
}

void ex_cache_let_go(struct ex_cached *cached)
{
    (void)munmap((void *)(uintptr_t)cached->bytes, vgpu_cache_fd_bytes(cached->size));
}

bool ex_cache_has_size(struct ex_session *x, uint64_t size)
{
    VGPU_CLEANUP_FD int fd = -1;
    uint32_t state;
    uint64_t bytes;

    if (!x->cache.on) {
        return false;
    }
    (void)pthread_mutex_lock(&x->cache.turn);
    state = ask(x, NULL, size, &bytes, &fd);
    (void)pthread_mutex_unlock(&x->cache.turn);
    return state == OF_THAT_SIZE;
}

bool ex_cache_find(struct ex_session *x, const uint8_t *key, struct ex_cached *cached)
{
    VGPU_CLEANUP_FD int fd = -1;
    const char *wrong;
    uint64_t bytes;

    if (!x->cache.on) {
        return false;
    }
    (void)pthread_mutex_lock(&x->cache.turn);
    uint32_t state = ask(x, key, 0, &bytes, &fd);

    (void)pthread_mutex_unlock(&x->cache.turn);
    if (state != FILED) {
        return false;
    }
    wrong = map(fd, bytes, cached);
    if (wrong != NULL) {
        ex_cache_wrong(x, key, wrong);
    }
    return wrong == NULL;
}

bool ex_cache_find_image(struct ex_session *x, const uint8_t *key, struct ex_cached *cached)
{
    uint8_t digest[VGPU_SHA256_BYTES];

    if (!ex_cache_find(x, key, cached)) {
        return false;
    }
    vgpu_image_hash(cached->bytes, cached->size, digest);
    if (memcmp(digest, key, sizeof(digest)) == 0) {
        return true;
    }
    ex_cache_let_go(cached);
    ex_cache_wrong(x, key, "its hash");
    return false;
}

/* ---- filing ----------------------------------------------------------------- */

static bool fill(int fd, const void *bytes, size_t size)
{
    struct stat status;
    void *at;

    if (fstat(fd, &status) != 0 || (uint64_t)status.st_size != vgpu_cache_fd_bytes(size)) {
        return false;
    }
    at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    ex_pages_make(at, size);
    memcpy(at, bytes, size);
    (void)munmap(at, size);
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0;
}

static void send_file(struct ex_session *x, bool filled)
{
    Vgpu__CacheFile message = VGPU__CACHE_FILE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.filled = filled;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_FILE;
    frame.cache_file = &message;
    ex_outbox_send(x->outbox, &frame);
}

void ex_cache_file(struct ex_session *x, const uint8_t *key, const void *bytes, size_t size)
{
    VGPU_CLEANUP_FD int fd = -1;
    uint64_t room;

    if (!x->cache.on || size == 0 || size > VGPU_CACHE_BYTES_MAX) {
        return;
    }
    (void)pthread_mutex_lock(&x->cache.turn);
    if (ask(x, key, size, &room, &fd) == ROOM) {
        bool filled = fill(fd, bytes, size);

        if (!filled) {
            vgpu_log(VGPU_LOG_WARNING, "code cannot be filed bytes=%zu error=%d", size, errno);
        }
        send_file(x, filled);
    }
    (void)pthread_mutex_unlock(&x->cache.turn);
}

void ex_cache_later(const uint8_t *key, uint8_t *bytes, size_t size)
{
    struct later *l = &later[later_count];

    if (later_count == LATER_MAX) {
        ex_private_free(bytes, size);
        return;
    }
    later_count++;
    l->bytes = bytes;
    l->size = size;
    l->has_key = key != NULL;
    if (key != NULL) {
        memcpy(l->key, key, sizeof(l->key));
    }
}

void ex_cache_settle(struct ex_session *x)
{
    for (unsigned int i = 0; i < later_count; i++) {
        struct later *l = &later[i];

        if (!l->has_key) {
            vgpu_image_hash(l->bytes, l->size, l->key);
        }
        ex_cache_file(x, l->key, l->bytes, l->size);
        ex_private_free(l->bytes, l->size);
    }
    later_count = 0;
}
