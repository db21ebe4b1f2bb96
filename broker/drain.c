/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/drain.h"

#include <errno.h>
#include <string.h>

#include "broker/broker.h"

static int find(const struct br_drains *drains, const uint8_t *uuid)
{
    for (uint32_t i = 0; i < drains->count; i++) {
        if (memcmp(drains->uuid[i], uuid, sizeof(drains->uuid[i])) == 0) {
            return (int)i;
        }
    }
    return -ENOENT;
}

static struct br_slot *find_slot(struct br_broker *broker, const uint8_t *uuid)
{
    for (uint32_t i = 0; i < broker->slot_count; i++) {
        if (memcmp(broker->slots[i].uuid, uuid, sizeof(broker->slots[i].uuid)) == 0) {
            return &broker->slots[i];
        }
    }
    return NULL;
}

/* True when that changes something. */
static int note(struct br_drains *drains, const uint8_t *uuid, bool drained)
{
    int at = find(drains, uuid);

    if ((at >= 0) == drained) {
        return 0;
    }
    if (!drained) {
        memmove(drains->uuid[at], drains->uuid[--drains->count], sizeof(drains->uuid[0]));
        return 1;
    }
    if (drains->count == BR_DRAINS_MAX) {
        return -ENOSPC;
    }
    memcpy(drains->uuid[drains->count++], uuid, sizeof(drains->uuid[0]));
    return 1;
}

int br_gpu_set_drained(struct br_broker *broker, const uint8_t *uuid, bool drained)
{
    struct br_slot *slot = find_slot(broker, uuid);
    int rc = note(&broker->drains, uuid, drained);
    char text[BR_UUID_TEXT];

    if (rc <= 0) {
        return rc;
    }
    br_uuid_text(uuid, text);
    vgpu_log(VGPU_LOG_INFO, "gpu %s uuid=%s", drained ? "drained" : "taken back", text);
    if (slot != NULL) {
        slot->drained = drained;
    }
    if (drained && slot != NULL && slot->gpu != NULL) {
        br_gpu_refuse_waiting(slot->gpu, CUDA_ERROR_DEVICE_UNAVAILABLE, "the GPU is being drained");
    }
    return 0;
}

bool br_gpu_is_drained(const struct br_broker *broker, const uint8_t *uuid)
{
    return find(&broker->drains, uuid) >= 0;
}

uint32_t br_gpu_sessions(const struct br_broker *broker, uint32_t slot)
{
    const struct br_session *session;
    uint32_t count = 0;

    TAILQ_FOREACH(session, &broker->sessions, entry)
    {
        count += session->worker != NULL && session->worker->gpu != NULL &&
                 session->worker->gpu->slot == slot;
    }
    return count;
}

bool br_gpu_takes(const struct br_broker *broker, uint32_t slot)
{
    const struct br_slot *at = &broker->slots[slot];

    return at->gpu != NULL && !at->drained && !at->gpu->leaving;
}

const char *br_gpu_state(const struct br_broker *broker, uint32_t slot)
{
    const struct br_slot *at = &broker->slots[slot];

    if (at->gpu == NULL) {
        return "gone";
    }
    if (!at->drained) {
        return at->gpu->leaving ? "leaving" : "up";
    }
    return br_gpu_sessions(broker, slot) > 0 ? "draining" : "drained";
}
