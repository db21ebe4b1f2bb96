/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/worker_cache.h"

#include <errno.h>
#include <string.h>

#include "broker/broker.h"

/* Values of CacheAnswer.state. */
enum state { NOTHING, FILED, ROOM, OF_THAT_SIZE };

static struct br_cache *cache_of(const struct br_worker *worker)
{
    return &worker->broker->cache;
}

static int send_answer(struct br_worker *worker, enum state state, const struct br_cached *cached)
{
    struct br_broker *broker = worker->broker;
    Vgpu__CacheAnswer answer = VGPU__CACHE_ANSWER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    ssize_t len;

    answer.state = (uint32_t)state;
    answer.bytes = cached != NULL ? cached->bytes : 0;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_ANSWER;
    frame.cache_answer = &answer;
    len = vgpu_frame_pack(&frame, broker->tx, sizeof(broker->tx));
    if (len < 0) {
        return (int)len;
    }
    return br_link_send(&worker->link, broker->tx, (size_t)len, cached != NULL ? &cached->fd : NULL,
                        cached != NULL);
}

static void count(struct br_worker *worker, const struct br_cached *found)
{
    struct br_stats *stats = &worker->session->stats;

    if (found != NULL) {
        stats->cache_hits++;
        stats->cache_bytes += found->bytes;
    } else if (worker->cache.room == 0) {
        /* A question for room has been asked without before. */
        stats->cache_misses++;
    }
}

/* Answers the question that waits.  -EBUSY: not now, descriptors go only in front of all else. */
static int answer(struct br_worker *worker)
{
    struct br_worker_cache *ask = &worker->cache;
    uint64_t tenant = worker->session->holder->tenant;
    struct br_cached *found = br_cache_find(cache_of(worker), tenant, ask->key);
    struct br_cached *room = NULL;
    int rc;

    if (found == NULL && ask->room > 0) {
        room = br_cache_room(cache_of(worker), tenant, ask->key, ask->room);
    }
    if (found != NULL) {
        rc = send_answer(worker, FILED, found);
    } else {
        rc = send_answer(worker, room != NULL ? ROOM : NOTHING, room);
    }
    if (rc < 0 && room != NULL) {
        br_cache_drop(cache_of(worker), room);
    }
    if (rc == 0) {
        ask->waits = false;
        ask->filling = room;
        count(worker, found);
    }
    return rc;
}

/* No descriptor goes with the answer, so it need not wait. */
static const char *answer_size(struct br_worker *worker, uint64_t bytes)
{
    bool has = br_cache_has_size(cache_of(worker), worker->session->holder->tenant, bytes);

    worker->session->stats.cache_misses += !has;
    return send_answer(worker, has ? OF_THAT_SIZE : NOTHING, NULL) == 0 ? NULL : "it does not read";
}

static const char *on_ask(struct br_worker *worker, const Vgpu__CacheAsk *message)
{
    struct br_worker_cache *ask = &worker->cache;
    int rc;

    if (ask->waits || ask->filling != NULL) {
        return "cache_ask";
    }
    if (message->key.len == 0) {
        return answer_size(worker, message->room);
    }
    if (message->key.len != sizeof(ask->key)) {
        return "cache_ask";
    }
    memcpy(ask->key, message->key.data, sizeof(ask->key));
    ask->room = message->room;
    ask->waits = true;
    rc = answer(worker);
    return rc == 0 || rc == -EBUSY ? NULL : "it does not read";
}

void br_worker_cache_drained(struct br_worker *worker)
{
    if (worker->cache.waits && worker->session != NULL && !worker->killed) {
        (void)answer(worker);
    }
}

static const char *on_file(struct br_worker *worker, bool filled)
{
    struct br_cached *cached = worker->cache.filling;

    if (cached == NULL) {
        return "cache_file without room";
    }
    worker->cache.filling = NULL;
    if (!filled) {
        br_cache_drop(cache_of(worker), cached);
        return NULL;
    }
    if (!br_cache_file(cache_of(worker), cached)) {
        return "it files what can still be written";
    }
    worker->session->stats.cache_filed++;
    return NULL;
}

static const char *on_wrong(struct br_worker *worker, const Vgpu__CacheWrong *message)
{
    struct br_session *session = worker->session;
    struct br_cached *cached;
    char reason[64];

    if (message->key.len != VGPU_CACHE_KEY_BYTES) {
        return "cache_wrong";
    }
    cached = br_cache_find(cache_of(worker), session->holder->tenant, message->key.data);
    session->stats.cache_wrong++;
    if (br_broker_passes(session->holder->warnings, session->holder->who)) {
        vgpu_log(VGPU_LOG_WARNING, "cached code is not what it should be session=%llu %s why=%s",
                 (unsigned long long)session->id, session->holder->who,
                 vgpu_log_escape(reason, sizeof(reason), message->reason, strlen(message->reason)));
    }
    if (cached != NULL) {
        br_cache_drop(cache_of(worker), cached);
    }
    return NULL;
}

const char *br_worker_cache_frame(struct br_worker *worker, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_CACHE_ASK) {
        return on_ask(worker, frame->cache_ask);
    }
    if (frame->kind_case == VGPU__FRAME__KIND_CACHE_FILE) {
        return on_file(worker, frame->cache_file->filled != 0);
    }
    return on_wrong(worker, frame->cache_wrong);
}

void br_worker_cache_end(struct br_worker *worker)
{
    worker->cache.waits = false;
    if (worker->cache.filling != NULL) {
        br_cache_drop(cache_of(worker), worker->cache.filling);
        worker->cache.filling = NULL;
    }
}
