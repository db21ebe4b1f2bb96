/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CONTEXT_FLAGS_H
#define GS_CONTEXT_FLAGS_H

#include <stdbool.h>

#include "proto/cuda_abi.h"

/* Known bits, and one way of waiting at most. */
static inline bool gs_context_flags_valid(unsigned int flags)
{
    unsigned int sched = flags & CU_CTX_SCHED_MASK;

    return (flags & ~(unsigned int)CU_CTX_FLAGS_MASK) == 0 &&
           (sched == CU_CTX_SCHED_AUTO || sched == CU_CTX_SCHED_SPIN ||
            sched == CU_CTX_SCHED_YIELD || sched == CU_CTX_SCHED_BLOCKING_SYNC);
}

#endif
