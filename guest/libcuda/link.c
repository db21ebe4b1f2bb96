/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/thread.h"

/* Records and a frame's worth: what one look at the ring takes at most. */
#define INBOX_BYTES VGPU_CHANNEL_COMPLETE_BYTES

static void init_locks(struct gs_link *link)
{
    atomic_store(&link->submit_lock.word, 0);
    (void)pthread_mutex_init(&link->read_lock, NULL);
    (void)pthread_mutex_init(&link->park_lock, NULL);
    (void)pthread_cond_init(&link->park_changed, NULL);
}

static int check_header(const struct gs_link *link, struct gs_obstacle *obstacle)
{
    struct vgpu_channel_header header;

    memcpy(&header, link->control, sizeof(header));
    if (header.magic != VGPU_CHANNEL_MAGIC || header.version != VGPU_PROTOCOL_VERSION ||
        header.size != link->channel.bytes) {
        return gs_obstacle_set(
            obstacle, GS_OBSTACLE_PROTOCOL, -EPROTO,
            "the channel's header is not one of protocol %u: install library and "
            "broker of one vgpu version",
            VGPU_PROTOCOL_VERSION);
    }
    return 0;
}

static int map_control(struct gs_link *link, struct gs_obstacle *obstacle)
{
    link->control = gs_channel_map(&link->channel, NULL, 0, VGPU_CHANNEL_DATA_OFFSET);
    link->inbox = malloc(INBOX_BYTES);
    if (link->control == NULL || link->inbox == NULL) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, -ENOMEM, "no memory for a channel");
    }
    return check_header(link, obstacle);
}

int gs_link_open(struct gs_link *link, const char *where, struct gs_obstacle *obstacle)
{
    int rc = gs_channel_open(&link->channel, where, obstacle);

    if (rc != 0) {
        return rc;
    }
    rc = map_control(link, obstacle);
    if (rc != 0) {
        gs_link_close(link);
        return rc;
    }
    init_locks(link);
    link->sequence = 0;
    link->led = false;
    link->waiters = NULL;
    memset(link->answers, 0, sizeof(link->answers));
    memset(link->fence_value, 0, sizeof(link->fence_value));
    atomic_store(&link->broken, 0);
    vgpu_channel_submit_ring(&link->submit, link->control);
    vgpu_channel_complete_ring(&link->complete, link->control);
    return 0;
}

void gs_link_close(struct gs_link *link)
{
    gs_channel_unmap(&link->channel, link->control);
    link->control = NULL;
    free(link->inbox);
    link->inbox = NULL;
    vgpu_arena_fini(&link->arena);
    gs_channel_close(&link->channel);
}

CUresult gs_link_end(struct gs_link *link)
{
    uint32_t cu = atomic_load_explicit(&link->broken, memory_order_acquire);

    if (cu == 0) {
        cu = atomic_load_explicit(&vgpu_channel_state(link->control)->error, memory_order_acquire);
    }
    /* What is in the place of memory that is gone says nothing. */
    if (cu == 0 && atomic_load_explicit(&link->channel.retired, memory_order_acquire)) {
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    if (cu > CUDA_ERROR_UNKNOWN) {
        /* Memory that is gone reads as ones. */
        (void)gs_link_is_there(link);
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    return (CUresult)cu;
}

void gs_link_break(struct gs_link *link, CUresult cu)
{
    uint32_t none = 0;

    (void)atomic_compare_exchange_strong(&link->broken, &none, (uint32_t)cu);
    /* Nonsense in the rings may be what is read where nothing is. */
    if (!gs_channel_is_there(&link->channel)) {
        gs_channel_retire(&link->channel);
    }
}
