/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_STORM_H
#define VGPU_TEST_STORM_H

/*
 * Threads of one process that make valid calls in a random order, see storm.c.  A thread plays one
 * scene after the other: a scene makes what it needs in the context that it finds, looks at every
 * answer, and ends what it made.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "test/programs/driver_api.h"

#define STORM_THREADS_MAX 64u
#define STORM_WORDS       512u /* of one piece of memory at most */
#define STORM_BYTES       (STORM_WORDS * 4u)

enum { STORM_SLOTS = 6, STORM_STREAMS = 3, STORM_EVENTS = 4 };
enum storm_kernel {
    STORM_STORE,
    STORM_ADD,
    STORM_COUNT,
    STORM_NOOP,
    STORM_KERNELS,
};

/* Memory whose words all hold one value, once its work is done. */
struct storm_item {
    CUdeviceptr p; /* 0: none */
    unsigned int words;
    unsigned int value;
    bool ordered; /* to be freed in a stream */
};

/* A context that threads share, and what lies in it. */
struct storm_place {
    CUdevice device;
    CUcontext ctx;
    CUstream streams[STORM_STREAMS]; /* nobody captures these */
    CUevent events[STORM_EVENTS];    /* recorded at least once */
    CUmodule module;
    CUfunction functions[STORM_KERNELS];
    CUmemoryPool pool;
    CUdeviceptr counter;
    atomic_uint counted; /* what the word at `counter` has to hold at the end */
    CUgraphExec exec;    /* counts once */
    pthread_mutex_t exec_lock;
    pthread_rwlock_t capturing; /* read: captures; write: waits for the whole context */
    struct storm_item slots[STORM_SLOTS];
    pthread_mutex_t slots_lock;
};

struct storm {
    struct storm_place places[4];
    unsigned int place_count;
    CUlibrary library;
    CUkernel kernels[STORM_KERNELS];
    uint64_t seed;
    atomic_int objects; /* user objects that have not ended yet */
};

extern struct storm storm;
extern const char *const storm_kernel_names[STORM_KERNELS];

struct storm_actor {
    unsigned int index;
    uint64_t random;
    const char *scene;
    const char *call;          /* the last one; NULL: none yet */
    struct storm_place *place; /* NULL in a context of its own */
    CUdevice device;
    CUcontext ctx;
    unsigned int back[STORM_WORDS];
};

struct storm_scene {
    const char *name;
    void (*play)(struct storm_actor *a);
    unsigned int weight; /* how often, against the others */
};

extern const struct storm_scene storm_memory_scenes[];
extern const struct storm_scene storm_pool_scenes[];
extern const struct storm_scene storm_code_scenes[];
extern const struct storm_scene storm_graph_scenes[];
extern const struct storm_scene storm_stream_scenes[];
extern const struct storm_scene storm_context_scenes[];
extern const struct storm_scene storm_more_scenes[];

/* Each ends the process, with a line of what happened, where it should not be so. */
void storm_must(const struct storm_actor *a, CUresult cu, const char *call);
void storm_expect(const struct storm_actor *a, bool holds, const char *what);

#define STORM(made)       (a->call = #made, storm_must(a, drv.made, #made))
#define STORM_EXPECT(now) storm_expect(a, (now), #now)

/* A number below `bound`. */
unsigned int storm_pick(struct storm_actor *a, unsigned int bound);

/* Plays one scene of those that fit into the actor's context. */
void storm_play(struct storm_actor *a);

/* A stream for work: a shared one, one of its own or one that is always there. */
struct storm_lane {
    CUstream stream;
    bool own;
};
struct storm_lane storm_enter(struct storm_actor *a);
/* Ends it, if it is its own; its work may go on. */
void storm_leave(struct storm_actor *a, struct storm_lane lane);
/* One that only the caller knows, so that it may be captured. */
CUstream storm_private_stream(struct storm_actor *a);

/* A kernel as something to launch in the actor's context. */
CUfunction storm_function(struct storm_actor *a, enum storm_kernel kernel);
/* One word of `p` for each thread of 1 to 8 blocks; `words` is a multiple of 64. */
void storm_launch(struct storm_actor *a, enum storm_kernel kernel, CUstream stream, CUdeviceptr p,
                  unsigned int words, unsigned int value);

unsigned int storm_words(struct storm_actor *a);
unsigned int storm_value(struct storm_actor *a);
/* Sets all words in the stream's order, in one of several ways. */
void storm_fill(struct storm_actor *a, CUstream stream, CUdeviceptr p, unsigned int words,
                unsigned int value);
/* Waits for the stream, then reads and looks at all words. */
void storm_verify(struct storm_actor *a, CUstream stream, CUdeviceptr p, unsigned int words,
                  unsigned int value);
/* What is left in a place's slots is freed. */
void storm_clear_slots(struct storm_actor *a, struct storm_place *place);

#endif
