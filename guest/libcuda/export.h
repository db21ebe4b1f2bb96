/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_EXPORT_H
#define GS_EXPORT_H

/*
 * The driver's private tables of functions (cuGetExportTable), which NVIDIA's runtime and
 * libraries ask for by UUID.  A table is a row of words: its size in bytes, then functions.
 * Tables have the sizes of a real driver; a slot that does nothing here is a function which
 * says once in the log that it was called and returns CUDA_ERROR_NOT_SUPPORTED.
 * docs/design.md says what each table is for.
 */

#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

/* A slot that does something. */
struct gs_export_slot {
    unsigned int index;
    void (*call)(void); /* of its own type */
};
#define GS_EXPORT_SLOT(index, fn)                                                                  \
    {                                                                                              \
        index, (void (*)(void))(fn)                                                                \
    }
#define GS_EXPORT_END                                                                              \
    {                                                                                              \
        0, NULL                                                                                    \
    }

/* Lists of them, one a table, each ended by GS_EXPORT_END. */
extern const struct gs_export_slot gs_export_runtime[];        /* CUDART_INTERFACE */
extern const struct gs_export_slot gs_export_hooks[];          /* callback hooks of tools */
extern const struct gs_export_slot gs_export_current[];        /* TOOLS_TLS */
extern const struct gs_export_slot gs_export_storage[];        /* context-local storage */
extern const struct gs_export_slot gs_export_context_checks[]; /* CONTEXT_CHECKS */
extern const struct gs_export_slot gs_export_handshake[];      /* INTEGRITY_CHECK */
extern const struct gs_export_slot gs_export_messages[];       /* messages to the log */
extern const struct gs_export_slot gs_export_context_tools[];  /* 21318c60 */
extern const struct gs_export_slot gs_export_blas[];           /* 1734dc26 */
extern const struct gs_export_slot gs_export_function_tools[]; /* 6e163fbe */

/* The table of a UUID, at the same address for the process's life, or NULL.  Any thread. */
const uintptr_t *gs_export_table(const CUuuid *id);

/* The two whose addresses the handshake is about. */
extern const CUuuid gs_export_runtime_id;
extern const CUuuid gs_export_handshake_id;

/*
 * A function for a slot that does nothing.  `table` is for the log, valid for ever.
 * There are GS_EXPORT_REFUSALS_MAX; called while the tables are made, by one thread.
 */
#define GS_EXPORT_REFUSALS_MAX 384u
void (*gs_export_refusal(const char *table, unsigned int slot))(void);

#endif
