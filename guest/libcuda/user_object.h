/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_USER_OBJECT_H
#define GS_USER_OBJECT_H

/*
 * User objects: something of the program's that is destroyed when nobody refers to it any more, be
 * it the program, a graph, or an executable graph that may still run.  With the lock of graphs.
 * Destructors run one by one on a thread of the library, without the lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_user_object;

/* References that a graph holds. */
struct gs_user_ref {
    struct gs_user_ref *next;
    struct gs_user_object *object;
    uint64_t count;
};

/* CUDA_ERROR_OUT_OF_MEMORY at the limit, or when no thread can be made. */
CUresult gs_user_object_new(void *ptr, CUhostFn destroy, unsigned int count, CUuserObject *handle);

/* The live object of a handle, or NULL. */
struct gs_user_object *gs_user_object_find(CUuserObject handle);

/* Adds references, under the caller's lock as the next. */
void gs_user_object_retain(struct gs_user_object *object, uint64_t count);

/* References that no list holds: the program's own. */
uint64_t gs_user_object_own(const struct gs_user_object *object);

/* Gives own references back; false when there are fewer. */
bool gs_user_object_release(struct gs_user_object *object, uint64_t count);

/* Has a list hold some of the references, or hold them no longer; false: no memory, or not there.
 */
bool gs_user_refs_add(struct gs_user_ref **list, struct gs_user_object *object, uint64_t count);
bool gs_user_refs_take(struct gs_user_ref **list, struct gs_user_object *object, uint64_t count);

/* Copies a list, each object referred to once more per reference; false without memory. */
bool gs_user_refs_copy(struct gs_user_ref **to, const struct gs_user_ref *from);

/* Gives all references of a list back. */
void gs_user_refs_drop(struct gs_user_ref **list);

#endif
