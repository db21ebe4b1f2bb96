/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/drain.h"

#include "common/clock.h"
#include "common/log.h"
#include "executor/supervisor/broker_talk.h"
#include "executor/supervisor/crew.h"
#include "executor/supervisor/state.h"

/* The broker knows of them; which of them serve a session by now is the broker's to say. */
static uint32_t handed_over(const struct ex_supervisor *s)
{
    return ex_worker_list_count(&s->workers, EX_WORKER_SPARE) +
           ex_worker_list_count(&s->workers, EX_WORKER_TAKEN);
}

static void begin(struct ex_supervisor *s)
{
    s->drain.begun = true;
    s->drain.until_ns = vgpu_clock_ns() + s->drain.limit_ms * VGPU_NS_PER_MS;
    vgpu_log(VGPU_LOG_INFO, "draining gpu=%s workers=%u limit_ms=%u", s->options->gpu.text,
             handed_over(s), s->drain.limit_ms);
    ex_manager_draining(&s->manager);
    ex_crew_kill(s, EX_WORKER_STARTING, "it is not needed any more");
    ex_talk_leaving(s);
}

void ex_drain_ask(struct ex_supervisor *s)
{
    if (s->stopping) {
        return;
    }
    if (s->drain.begun) {
        vgpu_log(VGPU_LOG_NOTICE, "a second signal: nobody is waited for gpu=%s",
                 s->options->gpu.text);
        s->stopping = true;
    } else if (s->registered && s->drain.limit_ms > 0 && handed_over(s) > 0) {
        begin(s);
    } else {
        s->stopping = true;
    }
}

void ex_drain_turn(struct ex_supervisor *s)
{
    uint32_t left = handed_over(s);

    if (!s->drain.begun || s->stopping) {
        return;
    }
    if (left == 0) {
        vgpu_log(VGPU_LOG_INFO, "drained gpu=%s", s->options->gpu.text);
        s->stopping = true;
    } else if (vgpu_clock_ns() >= s->drain.until_ns) {
        vgpu_log(VGPU_LOG_WARNING, "drained long enough: workers are killed gpu=%s workers=%u",
                 s->options->gpu.text, left);
        s->stopping = true;
    }
}

uint64_t ex_drain_deadline(const struct ex_supervisor *s)
{
    return s->drain.begun ? s->drain.until_ns : UINT64_MAX;
}
