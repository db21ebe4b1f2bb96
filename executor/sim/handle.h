/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_HANDLE_H
#define SIM_HANDLE_H

/*
 * The set of live handles.  A handle is the address of its object; a caller's
 * pointer is looked up here before anything reads through it.  All calls need
 * sim.lock.
 */

#include <stdbool.h>

enum handle_kind {
    HANDLE_CONTEXT = 1,
    HANDLE_STREAM,
    HANDLE_EVENT,
    HANDLE_MODULE,
    HANDLE_FUNCTION,
    HANDLE_LINK,
    HANDLE_ARRAY,
    HANDLE_MIPMAP,
    HANDLE_GRAPH,
    HANDLE_GRAPH_NODE,
    HANDLE_GRAPH_EXEC,
};

/* 0, or -ENOMEM.  obj must not be in the set. */
int handle_add(enum handle_kind kind, const void *obj);

/* Forget obj; nothing happens when it is not there. */
void handle_del(const void *obj);

/* Whether obj is live and of this kind.  NULL and garbage are not. */
bool handle_ok(enum handle_kind kind, const void *obj);

#endif
