/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: streams, events and functions of the host. */

#include <sched.h>
#include <stdlib.h>

#include "test/process/storm.h"

static void ready_or_not(struct storm_actor *a, CUresult cu, const char *what)
{
    if (cu != CUDA_ERROR_NOT_READY) {
        storm_must(a, cu, what);
    }
}

/* Questions until it is done, or a wait. */
static void until_done(struct storm_actor *a, CUevent event, CUstream stream)
{
    CUresult cu = CUDA_SUCCESS;

    switch (storm_pick(a, 4)) {
    case 0:
        STORM(cuEventSynchronize(event));
        break;
    case 1:
        STORM(cuStreamSynchronize(stream));
        break;
    case 2:
        while ((cu = drv.cuEventQuery(event)) == CUDA_ERROR_NOT_READY) {
            (void)sched_yield();
        }
        storm_must(a, cu, "cuEventQuery");
        break;
    default:
        while ((cu = drv.cuStreamQuery(stream)) == CUDA_ERROR_NOT_READY) {
            (void)sched_yield();
        }
        storm_must(a, cu, "cuStreamQuery");
    }
}

static void own_events(struct storm_actor *a)
{
    CUstream stream = storm_private_stream(a);
    CUevent begin = NULL, end = NULL;
    float ms = -1;

    STORM(cuEventCreate(&begin, storm_pick(a, 2) ? CU_EVENT_BLOCKING_SYNC : 0));
    STORM(cuEventCreate(&end, 0));
    STORM(cuEventRecord(begin, stream));
    for (unsigned int i = storm_pick(a, 6); i > 0; i--) {
        STORM(cuLaunchKernel(storm_function(a, STORM_NOOP), 1, 1, 1, 32, 1, 1, 0, stream, NULL,
                             NULL));
    }
    STORM(cuEventRecord(end, stream));
    until_done(a, end, stream);
    STORM(cuEventElapsedTime_v2(&ms, begin, end));
    STORM_EXPECT(ms >= 0);
    STORM(cuEventDestroy_v2(begin));
    STORM(cuStreamDestroy_v2(stream));
    STORM(cuEventDestroy_v2(end));
}

/* Ends while its work and what waits for it go on. */
static void ends_at_work(struct storm_actor *a)
{
    CUstream stream = storm_private_stream(a), other = storm_private_stream(a);
    CUevent event = NULL;

    STORM(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    STORM(cuLaunchKernel(storm_function(a, STORM_NOOP), 4, 1, 1, 64, 1, 1, 0, stream, NULL, NULL));
    STORM(cuEventRecord(event, stream));
    STORM(cuStreamWaitEvent(other, event, 0));
    STORM(cuEventDestroy_v2(event));
    STORM(cuStreamDestroy_v2(stream));
    STORM(cuLaunchKernel(storm_function(a, STORM_NOOP), 1, 1, 1, 64, 1, 1, 0, other, NULL, NULL));
    STORM(cuStreamDestroy_v2(other));
}

static void shared_event(struct storm_actor *a, struct storm_place *place)
{
    CUevent event = place->events[storm_pick(a, STORM_EVENTS)];
    CUstream stream = place->streams[storm_pick(a, STORM_STREAMS)];
    float ms = 0;

    switch (storm_pick(a, 6)) {
    case 0:
        STORM(cuEventRecord(event, stream));
        break;
    case 1:
        STORM(cuStreamWaitEvent(stream, event, 0));
        break;
    case 2:
        STORM(cuEventSynchronize(event));
        break;
    case 3:
        ready_or_not(a, drv.cuStreamQuery(stream), "cuStreamQuery");
        break;
    case 4:
        ready_or_not(a, drv.cuEventElapsedTime_v2(&ms, place->events[0], place->events[1]),
                     "cuEventElapsedTime");
        break;
    default:
        ready_or_not(a, drv.cuEventQuery(event), "cuEventQuery");
    }
}

static void shared_events(struct storm_actor *a)
{
    for (unsigned int i = 1 + storm_pick(a, 8); i > 0 && a->place != NULL; i--) {
        shared_event(a, a->place);
    }
}

static void shared_counter(struct storm_actor *a)
{
    unsigned int times = 1 + storm_pick(a, 6);
    struct storm_place *place = a->place;
    struct storm_lane lane = {0};

    if (place == NULL) {
        return;
    }
    lane = storm_enter(a);
    atomic_fetch_add(&place->counted, times);
    while (times-- > 0) {
        void *params[] = {&place->counter};

        STORM(cuLaunchKernel(storm_function(a, STORM_COUNT), 1, 1, 1, 1, 1, 1, 0, lane.stream,
                             params, NULL));
    }
    storm_leave(a, lane);
}

/* Waits for all work of the context; nobody captures meanwhile, which native forbids. */
static void whole_context(struct storm_actor *a)
{
    if (a->place == NULL) {
        STORM(cuCtxSynchronize());
    } else if (pthread_rwlock_trywrlock(&a->place->capturing) == 0) {
        STORM(cuCtxSynchronize());
        pthread_rwlock_unlock(&a->place->capturing);
    }
}

/* ---- functions of the host --------------------------------------------------- */

/* Functions that run one after the other; the last waits until the thread opens it. */
struct sequence {
    unsigned int count;
    atomic_uint next;
    atomic_uint wrong;
    atomic_uint open;
};

struct step {
    struct sequence *sequence;
    unsigned int number;
};

static void take_step(void *arg)
{
    struct step *step = arg;
    struct sequence *sequence = step->sequence;

    while (step->number == sequence->count - 1 && atomic_load(&sequence->open) == 0) {
        (void)sched_yield();
    }
    if (atomic_fetch_add(&sequence->next, 1) != step->number) {
        atomic_fetch_add(&sequence->wrong, 1);
    }
}

static void take_called_step(CUstream stream, CUresult cu, void *arg)
{
    struct step *step = arg;

    (void)stream;
    atomic_fetch_add(&step->sequence->wrong, cu != CUDA_SUCCESS);
    take_step(arg);
}

static void add_steps(struct storm_actor *a, CUstream stream, struct step *steps,
                      unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        STORM(cuLaunchKernel(storm_function(a, STORM_NOOP), 1, 1, 1, 32, 1, 1, 0, stream, NULL,
                             NULL));
        if (storm_pick(a, 3) != 0) {
            STORM(cuLaunchHostFunc(stream, take_step, &steps[i]));
        } else {
            STORM(cuStreamAddCallback(stream, take_called_step, &steps[i], 0));
        }
    }
}

/* Opened before the next call: another thread may load a module, which waits for all functions and
 * holds others' calls meanwhile. */
static void host_functions(struct storm_actor *a)
{
    struct sequence sequence = {.count = 1 + storm_pick(a, 8)};
    CUstream stream = storm_private_stream(a);
    CUevent event = NULL;
    struct step steps[8];

    for (unsigned int i = 0; i < sequence.count; i++) {
        steps[i] = (struct step){.sequence = &sequence, .number = i};
    }
    STORM(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    add_steps(a, stream, steps, sequence.count);
    for (unsigned int i = storm_pick(a, 100); i > 0; i--) {
        (void)sched_yield();
    }
    atomic_store(&sequence.open, 1);
    STORM(cuEventRecord(event, stream));
    until_done(a, event, stream);
    STORM_EXPECT(atomic_load(&sequence.next) == sequence.count);
    STORM_EXPECT(atomic_load(&sequence.wrong) == 0);
    STORM(cuEventDestroy_v2(event));
    STORM(cuStreamDestroy_v2(stream));
}

const struct storm_scene storm_stream_scenes[] = {
    {"own_events", own_events, 5},
    {"ends_at_work", ends_at_work, 4},
    {"shared_events", shared_events, 6},
    {"shared_counter", shared_counter, 5},
    {"whole_context", whole_context, 2},
    {"host_functions", host_functions, 5},
    {0},
};
