/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/bucket.h"

#include "common/clock.h"

__extension__ typedef unsigned __int128 wide;

static uint64_t cut(uint64_t value)
{
    return value < BR_BUCKET_MAX ? value : BR_BUCKET_MAX;
}

void br_bucket_set(struct br_bucket *bucket, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
    bool fresh = bucket->rate == 0;

    /* What has come until now comes by the old rate. */
    (void)br_bucket_look(bucket, now_ns);
    bucket->rate = cut(rate);
    bucket->burst = cut(burst != 0 ? burst : rate);
    bucket->last_ns = now_ns;
    if (fresh || bucket->tokens > (int64_t)bucket->burst) {
        bucket->tokens = (int64_t)bucket->burst;
        bucket->fraction = 0;
    }
}

bool br_bucket_look(struct br_bucket *bucket, uint64_t now_ns)
{
    uint64_t missing;
    wide come;

    if (bucket->rate == 0) {
        return true;
    }
    if (now_ns > bucket->last_ns) {
        missing = (uint64_t)((int64_t)bucket->burst - bucket->tokens);
        come = (wide)(now_ns - bucket->last_ns) * bucket->rate + bucket->fraction;
        bucket->last_ns = now_ns;
        if (come / VGPU_NS_PER_S >= missing) {
            bucket->tokens = (int64_t)bucket->burst;
            bucket->fraction = 0;
        } else {
            bucket->tokens += (int64_t)(come / VGPU_NS_PER_S);
            bucket->fraction = (uint64_t)(come % VGPU_NS_PER_S);
        }
    }
    return bucket->tokens > 0;
}

void br_bucket_take(struct br_bucket *bucket, uint64_t tokens)
{
    /* Nothing is taken from a bucket in debt, so the debt is one piece at most. */
    if (bucket->rate != 0) {
        bucket->tokens -= (int64_t)cut(tokens);
    }
}

uint64_t br_bucket_wait_ns(const struct br_bucket *bucket)
{
    wide need;
    wide wait;

    if (bucket->rate == 0 || bucket->tokens > 0) {
        return 0;
    }
    need = (wide)(uint64_t)(1 - bucket->tokens) * VGPU_NS_PER_S - bucket->fraction;
    wait = (need + bucket->rate - 1) / bucket->rate;
    return wait > UINT64_MAX ? UINT64_MAX : (uint64_t)wait;
}
