/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/share.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/admission.h"
#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/pace.h"
#include "common/clock.h"

/* Lines about worker starts that wait: a machine can cause them without end. */
#define PACE_LINES   1u
#define PACE_LINE_NS (60 * VGPU_NS_PER_S)

static void apply(struct br_share *share, const struct br_policy *policy, struct br_pool *pool)
{
    const struct br_policy *defaults = &share->broker->default_policy;
    uint64_t now_ns = vgpu_clock_ns();

    share->pool->users--;
    share->pool = pool;
    share->pool->users++;
    share->policy = *policy;
    br_bucket_set(&share->calls, policy->calls_per_s, policy->calls_burst, now_ns);
    if (!policy->starts_own) {
        share->policy.starts_per_s = defaults->starts_per_s;
        share->policy.starts_burst = defaults->starts_burst;
    }
    br_bucket_set(&share->bytes, policy->bytes_per_s, policy->bytes_burst, now_ns);
    br_bucket_set(&share->starts, share->policy.starts_per_s, share->policy.starts_burst, now_ns);
    share->limited = policy->calls_per_s != 0 || policy->bytes_per_s != 0;
}

void br_share_init(struct br_share *share, struct br_broker *broker, const char *who)
{
    share->broker = broker;
    share->who = who;
    share->pool = broker->default_pool;
    share->pool->users++;
    TAILQ_INSERT_TAIL(&broker->shares, share, entry);
    br_ledger_init(share);
    TAILQ_INIT(&share->paced);
    share->pace_lines = (struct vgpu_ratelimit)VGPU_RATELIMIT_INIT(PACE_LINES, PACE_LINE_NS);
    apply(share, &broker->default_policy, broker->default_pool);
}

void br_share_retire(struct br_share *share)
{
    apply(share, &share->broker->default_policy, share->broker->default_pool);
}

void br_share_fini(struct br_share *share)
{
    share->pool->users--;
    TAILQ_REMOVE(&share->broker->shares, share, entry);
    br_ledger_fini(share);
}

/* ---- a new policy ----------------------------------------------------------- */

static int out_of_bounds(char *why, size_t cap, const char *what, uint64_t value, uint64_t most)
{
    (void)snprintf(why, cap, "%s = %llu is above %llu", what, (unsigned long long)value,
                   (unsigned long long)most);
    return -EINVAL;
}

static int check_bounds(const struct br_policy *policy, char *why, size_t cap)
{
    const struct {
        const char *what;
        uint64_t value;
        uint64_t most;
    } bounds[] = {
        {"priority", policy->priority, BR_PRIORITY_MAX},
        {"memory_quota", policy->memory_quota, BR_QUOTA_MAX},
        {"calls_per_s", policy->calls_per_s, BR_BUCKET_MAX},
        {"calls_burst", policy->calls_burst, BR_BUCKET_MAX},
        {"bytes_per_s", policy->bytes_per_s, BR_BUCKET_MAX},
        {"bytes_burst", policy->bytes_burst, BR_BUCKET_MAX},
        {"starts_per_s", policy->starts_per_s, BR_BUCKET_MAX},
        {"starts_burst", policy->starts_burst, BR_BUCKET_MAX},
    };

    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        if (bounds[i].value > bounds[i].most) {
            return out_of_bounds(why, cap, bounds[i].what, bounds[i].value, bounds[i].most);
        }
    }
    return 0;
}

static int find_pool(const struct br_broker *broker, const struct br_policy *policy,
                     struct br_pool **pool, char *why, size_t cap)
{
    *pool =
        policy->pool[0] == '\0' ? broker->default_pool : br_pool_find(&broker->pools, policy->pool);
    if (*pool == NULL) {
        (void)snprintf(why, cap, "there is no pool \"%s\": make it first", policy->pool);
        return -ENOENT;
    }
    return 0;
}

int br_share_set(struct br_share *share, const struct br_policy *policy, char *why, size_t cap)
{
    bool changed = policy->memory_quota != share->policy.memory_quota;
    struct br_pool *pool;
    int rc = check_bounds(policy, why, cap);

    if (rc == 0) {
        rc = find_pool(share->broker, policy, &pool, why, cap);
    }
    if (rc == 0) {
        rc = br_admission_check(share, pool, policy->memory_quota, why, cap);
    }
    if (rc < 0) {
        return rc;
    }
    apply(share, policy, pool);
    br_gate_changed(share->broker);
    br_pace_changed(share);
    if (changed) {
        br_ledger_changed(share);
    }
    return 0;
}

/* ---- questions -------------------------------------------------------------- */

int br_share_admits(const struct br_share *share)
{
    const struct br_broker *broker = share->broker;

    if (broker->stopping) {
        return -ESHUTDOWN;
    }
    if (broker->refuse_unknown && !share->known && share != &broker->local) {
        return -EACCES;
    }
    if (share->policy.sessions_max != 0 && share->sessions >= share->policy.sessions_max) {
        return -EDQUOT;
    }
    return broker->session_count < broker->sessions_max ? 0 : -EUSERS;
}

bool br_share_sees(const struct br_share *share, uint32_t slot)
{
    return br_pool_has(share->pool, share->broker->slots[slot].uuid);
}

const char *br_share_name(const struct br_share *share)
{
    return share == &share->broker->local ? "" : share->who + sizeof("vm=") - 1;
}
