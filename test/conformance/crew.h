/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CREW_H
#define VGPU_TEST_CREW_H

/*
 * Threads of a case.  They record nothing, because their order is not fixed: each counts what went
 * wrong, and the case looks at the sum.
 */

#include "test/conformance/conf.h"

#include <pthread.h>
#include <stdatomic.h>

#define CREW_MAX 64u

struct crew;

struct crew_member {
    struct crew *crew;
    unsigned int index;
    int errors;
    CUresult first; /* result that was not wanted */
    pthread_t thread;
};

/* `work` is called on each thread, in no context; counters are for the case's own use. */
struct crew {
    CUcontext ctx;
    void (*work)(struct crew_member *member);
    void *arg;
    _Atomic unsigned int started;
    _Atomic unsigned int returned;
    unsigned int count;
    struct crew_member members[CREW_MAX];
};

/* Starts `count` threads; ends the case when one cannot be made. */
void crew_start(struct crew *crew, unsigned int count);
/* Waits until all have said crew_enter() and a while longer, so that they wait in their call. */
void crew_wait_inside(struct crew *crew);
/* How many errors they counted, once all have ended. */
int crew_join(struct crew *crew);

/* A member's: takes the crew's context and says that its call comes next. */
void crew_enter(struct crew_member *member);
/* A member's: counts an error unless the answer is the one wanted. */
void crew_want(struct crew_member *member, CUresult cu, CUresult wanted);

/* Sleeps; never a measure of anything. */
void crew_nap(unsigned int milliseconds);

#endif
