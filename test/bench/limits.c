/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-bench-limits: what a machine's limits cost the broker for each batch that it takes from a
 * ring, without limits and with both buckets, none of which runs dry.
 */
#include <stdio.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/gate.h"
#include "common/clock.h"

#define ROUNDS 5000000u
static const struct br_quantum quantum = {.records = 8, .bytes = 512};

struct rig {
    uv_loop_t loop;
    struct br_broker *broker;
    struct br_session session;
    struct br_holder holder;
    struct br_worker worker;
    struct br_gpu gpu;
};

static double ns_per_batch(struct br_session *session)
{
    uint64_t begin = vgpu_clock_ns();
    uint32_t taken = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        /* What the compiler must not see through. */
        __asm__ volatile("" : : "r"(session) : "memory");
        if (br_gate_may_read(session)) {
            br_gate_charge(session, &quantum);
            taken++;
        }
    }
    if (taken != ROUNDS) {
        (void)fprintf(stderr, "vgpu-bench-limits: the bucket ran dry\n");
    }
    return (double)(vgpu_clock_ns() - begin) / ROUNDS;
}

static int measure(struct rig *rig)
{
    const struct br_policy policy = {.calls_per_s = BR_BUCKET_MAX, .bytes_per_s = BR_BUCKET_MAX};
    char why[256];
    double without;
    double with;

    rig->session.broker = rig->broker;
    rig->session.holder = &rig->holder;
    rig->session.worker = &rig->worker;
    rig->worker.gpu = &rig->gpu;
    rig->holder.share = &rig->broker->local;
    without = ns_per_batch(&rig->session);
    if (br_share_set(rig->holder.share, &policy, why, sizeof(why)) < 0) {
        (void)fprintf(stderr, "vgpu-bench-limits: %s\n", why);
        return 1;
    }
    with = ns_per_batch(&rig->session);
    (void)printf("limits_none        %12.1f ns a batch\n", without);
    (void)printf("limits_both        %12.1f ns a batch\n", with);
    return 0;
}

int main(void)
{
    static struct br_settings settings = {
        .channel_mib = 16, .sessions_max = 1, .session_buffer_kib = 128, .hello_timeout_ms = 1000};
    static struct rig rig;
    int rc;

    if (uv_loop_init(&rig.loop) < 0) {
        return 1;
    }
    rig.broker = br_broker_new(&rig.loop, &settings);
    if (rig.broker == NULL) {
        (void)fprintf(stderr, "vgpu-bench-limits: no memory\n");
        return 1;
    }
    rc = measure(&rig);
    br_broker_stop(rig.broker);
    (void)uv_run(&rig.loop, UV_RUN_DEFAULT);
    br_broker_free(rig.broker);
    (void)uv_loop_close(&rig.loop);
    return rc;
}
