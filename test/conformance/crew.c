/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/crew.h"

#include <time.h>

void crew_nap(unsigned int milliseconds)
{
    struct timespec pause = {.tv_sec = milliseconds / 1000,
                             .tv_nsec = milliseconds % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

void crew_enter(struct crew_member *member)
{
    crew_want(member, drv.cuCtxSetCurrent(member->crew->ctx), CUDA_SUCCESS);
    atomic_fetch_add(&member->crew->started, 1);
}

void crew_want(struct crew_member *member, CUresult cu, CUresult wanted)
{
    if (cu != wanted && member->errors++ == 0) {
        member->first = cu;
    }
}

static void *run(void *arg)
{
    struct crew_member *member = arg;

    member->crew->work(member);
    atomic_fetch_add(&member->crew->returned, 1);
    return NULL;
}

void crew_start(struct crew *crew, unsigned int count)
{
    crew->count = count;
    for (unsigned int i = 0; i < count; i++) {
        struct crew_member *member = &crew->members[i];

        *member = (struct crew_member){.crew = crew, .index = i};
        if (pthread_create(&member->thread, NULL, run, member)) {
            conf_skip("no thread");
        }
    }
}

void crew_wait_inside(struct crew *crew)
{
    while (atomic_load(&crew->started) < crew->count) {
        crew_nap(1);
    }
    crew_nap(30);
}

int crew_join(struct crew *crew)
{
    int errors = 0;

    for (unsigned int i = 0; i < crew->count; i++) {
        pthread_join(crew->members[i].thread, NULL);
        errors += crew->members[i].errors;
    }
    return errors;
}
