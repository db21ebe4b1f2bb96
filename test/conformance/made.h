/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_MADE_H
#define VGPU_TEST_MADE_H

/*
 * Good arguments for the cases that proto/gen makes from the call table.  Each function ends the
 * case when its object cannot be made; what it gives lives until the process ends.
 */

#include "test/conformance/conf.h"

/* Zeroed memory, larger than whatever a call stores. */
extern void *const made_scratch;

/* Device 0 and a current context; the others need it. */
void made_start(void);
CUcontext made_context(void);
CUevent made_event(void);
CUlinkState made_link(void);
CUmemoryPool made_pool(void);
const CUlaunchConfig *made_config(void);
const CUmemAllocationProp *made_memory_prop(void);
const CUmemPoolProps *made_pool_props(void);

#endif
