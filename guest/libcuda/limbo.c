/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/limbo.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"

struct gs_limbo_entry {
    uint64_t address;
    struct gs_point point;
    struct gs_limbo_entry *next;
};

struct gs_limbo_queue {
    struct gs_limbo_entry *first;
    struct gs_limbo_entry *last;
    struct gs_limbo_queue *next; /* of those that have entries */
};

struct gs_point gs_point_now(const struct gs_stream *stream)
{
    struct gs_point point = {.index = vgpu_handle_index_of(stream->wire)};

    point.sent = atomic_load_explicit(&stream->session->sent[point.index], memory_order_acquire);
    return point;
}

bool gs_point_is_past(struct gs_session *s, const struct gs_point *point)
{
    return gs_settled_by(s, point->index, point->sent);
}

bool gs_limbo_is_empty(const struct gs_limbo *limbo)
{
    return limbo->active == NULL && limbo->left == NULL;
}

static struct gs_limbo_queue *queue_of(struct gs_limbo *limbo, const struct gs_stream *stream)
{
    if (limbo->queues == NULL) {
        limbo->queues = calloc(VGPU_STREAMS_MAX, sizeof(*limbo->queues));
    }
    return limbo->queues != NULL ? &limbo->queues[vgpu_handle_index_of(stream->wire)] : NULL;
}

bool gs_limbo_put(struct gs_limbo *limbo, uint64_t address, const struct gs_stream *stream)
{
    struct gs_limbo_queue *queue = queue_of(limbo, stream);
    struct gs_limbo_entry *entry = queue != NULL ? malloc(sizeof(*entry)) : NULL;

    if (entry == NULL) {
        return false;
    }
    *entry = (struct gs_limbo_entry){.address = address, .point = gs_point_now(stream)};
    if (queue->first != NULL) {
        queue->last->next = entry;
    } else {
        queue->first = entry;
        queue->next = limbo->active;
        limbo->active = queue;
    }
    queue->last = entry;
    return true;
}

/* Takes the entry out where it is out of use. */
static bool take(struct gs_limbo_entry **at, struct gs_session *s, gs_limbo_out *out, void *arg)
{
    struct gs_limbo_entry *entry = *at;

    if (!gs_point_is_past(s, &entry->point)) {
        return false;
    }
    out(arg, s, entry->address);
    *at = entry->next;
    free(entry);
    return true;
}

/* A later stream of the index has come so far, which says nothing of the one that has ended. */
static bool leave(struct gs_limbo *limbo, struct gs_session *s, struct gs_limbo_entry **at)
{
    struct gs_limbo_entry *entry = *at;

    if (atomic_load(&s->settled.done[entry->point.index]) < entry->point.sent) {
        return false;
    }
    *at = entry->next;
    entry->next = limbo->left;
    limbo->left = entry;
    return true;
}

/* Only a wait for everything ends the work of streams that have ended. */
static void reap_left(struct gs_limbo *limbo, struct gs_session *s, gs_limbo_out *out, void *arg)
{
    uint64_t done = atomic_load(&s->settled.orphans_done);
    struct gs_limbo_entry **at = &limbo->left;

    if (limbo->orphans_done == done) {
        return;
    }
    limbo->orphans_done = done;
    while (*at != NULL) {
        if (!take(at, s, out, arg)) {
            at = &(*at)->next;
        }
    }
}

void gs_limbo_reap(struct gs_limbo *limbo, struct gs_session *s, gs_limbo_out *out, void *arg)
{
    struct gs_limbo_queue **at = &limbo->active;

    while (*at != NULL) {
        struct gs_limbo_queue *queue = *at;

        while (queue->first != NULL &&
               (take(&queue->first, s, out, arg) || leave(limbo, s, &queue->first))) {
        }
        if (queue->first == NULL) {
            *at = queue->next;
        } else {
            at = &queue->next;
        }
    }
    reap_left(limbo, s, out, arg);
}

static void forget(struct gs_limbo_entry *entry)
{
    while (entry != NULL) {
        struct gs_limbo_entry *next = entry->next;

        free(entry);
        entry = next;
    }
}

void gs_limbo_forget(struct gs_limbo *limbo)
{
    for (struct gs_limbo_queue *queue = limbo->active; queue != NULL; queue = queue->next) {
        forget(queue->first);
    }
    forget(limbo->left);
    free(limbo->queues);
    *limbo = (struct gs_limbo){.queues = NULL};
}
