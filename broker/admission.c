/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/admission.h"

#include <errno.h>
#include <stdio.h>

#include "broker/broker.h"

/* What one share has, or may be given. */
struct claim {
    const struct br_share *share;
    const struct br_pool *pool;
    uint64_t quota;
};

struct promise {
    uint64_t contexts;
    uint64_t quotas;
    uint64_t used; /* by machines without a quota */
};

/* One pass over the sessions, however many shares there are. */
static void count_sessions(const struct br_broker *broker, uint32_t slot)
{
    const struct br_session *session;
    struct br_share *share;

    TAILQ_FOREACH(share, &broker->shares, entry)
    {
        share->on_slot.sessions = 0;
        share->on_slot.used = 0;
    }
    TAILQ_FOREACH(session, &broker->sessions, entry)
    {
        if (br_session_slot(session) == (int)slot) {
            session->holder->share->on_slot.sessions++;
            session->holder->share->on_slot.used += br_session_memory(session);
        }
    }
}

static void add(struct promise *promise, const struct claim *claim, uint32_t slot)
{
    const struct br_broker *broker = claim->share->broker;
    uint32_t sessions = claim->share->on_slot.sessions;

    if (claim->quota != 0 && br_pool_has(claim->pool, broker->slots[slot].uuid)) {
        promise->quotas += claim->quota;
        promise->contexts += sessions > 0 ? sessions : 1;
    } else {
        promise->used += claim->share->on_slot.used;
        promise->contexts += sessions;
    }
}

/* `claim` stands for what its share has now; NULL: nobody's does. */
static struct promise sum_up(const struct br_broker *broker, uint32_t slot,
                             const struct claim *claim)
{
    struct promise promise = {.contexts = broker->spares};
    const struct br_share *share;

    count_sessions(broker, slot);
    TAILQ_FOREACH(share, &broker->shares, entry)
    {
        const struct claim own = {share, share->pool, share->policy.memory_quota};

        add(&promise, claim != NULL && claim->share == share ? claim : &own, slot);
    }
    return promise;
}

static uint64_t total(const struct br_broker *broker, const struct promise *promise)
{
    return promise->contexts * broker->context_bytes + promise->quotas + promise->used;
}

uint64_t br_admission_committed(const struct br_broker *broker, uint32_t slot)
{
    struct promise promise = sum_up(broker, slot, NULL);

    return total(broker, &promise);
}

static unsigned long long mib(uint64_t bytes)
{
    return (bytes + (1u << 20) - 1) >> 20;
}

static int check_slot(const struct br_broker *broker, uint32_t slot, const struct claim *claim,
                      char *why, size_t cap)
{
    struct promise promise = sum_up(broker, slot, claim);
    uint64_t card = broker->slots[slot].gpu->facts->total_memory;
    uint64_t all = total(broker, &promise);

    if (all <= card) {
        return 0;
    }
    (void)snprintf(why, cap,
                   "gpu %u: quotas of %llu MiB, %llu contexts of %llu MiB and %llu MiB in use "
                   "are %llu MiB more than the card's %llu MiB: take a smaller quota",
                   slot, mib(promise.quotas), (unsigned long long)promise.contexts,
                   mib(broker->context_bytes), mib(promise.used), mib(all - card), mib(card));
    return -ENOSPC;
}

int br_admission_check(const struct br_share *share, const struct br_pool *pool, uint64_t quota,
                       char *why, size_t cap)
{
    const struct br_broker *broker = share->broker;
    const struct claim claim = {share, pool, quota};
    int rc = 0;

    for (uint32_t slot = 0; rc == 0 && quota != 0 && slot < broker->slot_count; slot++) {
        if (broker->slots[slot].gpu != NULL && br_pool_has(pool, broker->slots[slot].uuid)) {
            rc = check_slot(broker, slot, &claim, why, cap);
        }
    }
    return rc;
}

void br_admission_registered(const struct br_broker *broker, uint32_t slot)
{
    struct promise promise = sum_up(broker, slot, NULL);
    uint64_t card = broker->slots[slot].gpu->facts->total_memory;

    if (promise.quotas != 0 && total(broker, &promise) > card) {
        vgpu_log(VGPU_LOG_WARNING,
                 "more is promised than the card has gpu=%u quotas_mib=%llu contexts=%llu "
                 "total_mib=%llu",
                 slot, mib(promise.quotas), (unsigned long long)promise.contexts, mib(card));
    }
}
