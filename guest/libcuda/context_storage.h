/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CONTEXT_STORAGE_H
#define GS_CONTEXT_STORAGE_H

/*
 * What others keep with a context: a value under a key, for one life of the context, with a
 * function that is called with it when that life ends.  Each copy of NVIDIA's runtime in the
 * process has a key of its own and looks its value up in nearly every call, so each thread
 * remembers what it has found; any change anywhere makes it look again.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_context;
struct gs_thread;

typedef void (*gs_stored_end)(CUcontext context, void *key, void *value);

struct gs_stored {
    struct gs_stored *next;
    void *key;
    void *value;
    gs_stored_end end; /* or NULL */
};

/* What a thread remembers. */
struct gs_storage_seen {
    uint64_t context;
    uint64_t change;
    const void *key;
    void *value;
};
#define GS_STORAGE_SEEN 16u

/* Grows with every change of what is stored anywhere. */
extern _Atomic uint64_t gs_storage_changes;

/* Where a thread remembers a key: they are addresses of variables in different libraries. */
static inline unsigned int gs_storage_place(const void *key)
{
    return (unsigned int)((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ull >> 32) &
           (GS_STORAGE_SEEN - 1);
}

/* Whether what a thread remembers is about this and still so. */
static inline bool gs_storage_is(const struct gs_storage_seen *seen, uint64_t context,
                                 const void *key)
{
    return seen->key == key && seen->context == context &&
           seen->change == atomic_load_explicit(&gs_storage_changes, memory_order_acquire);
}

/* Keeps a value, in place of the one that the key has.  201: the context is not active; 2. */
CUresult gs_storage_put(struct gs_context *context, void *key, void *value, gs_stored_end end);

/* Forgets it; `end` is not called.  201, 400: the key has none. */
CUresult gs_storage_delete(struct gs_context *context, const void *key);

/* Finds it; *value stays otherwise.  201, 400. */
CUresult gs_storage_get(struct gs_thread *thread, struct gs_context *context, const void *key,
                        void **value);

/* Takes all of it from a context whose life has ended (gs_context_deactivate), so that its
 * functions can be called when no lock is held. */
struct gs_stored *gs_storage_detach(struct gs_context *context);

/* Calls the functions of such a list and frees it. */
void gs_storage_end(CUcontext context, struct gs_stored *list);

#endif
