/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_KERNEL_H
#define GS_GRAPH_KERNEL_H

/* Kernel nodes: a launch that is kept, and its attributes. */

#include "guest/libcuda/graph_node.h"

struct gs_launch;

/* The launch as a node's parameters, owned by the caller.  What native refuses at the call; 801 for
 * attributes that no node can stand for. */
CUresult gs_params_launch(const struct gs_launch *launch, struct gs_node_params *params);

/* Whether nodes can have it. */
bool gs_kernel_attribute_is_known(CUlaunchAttributeID id);

/* The attribute of that id, or NULL when it was not set. */
CUlaunchAttribute *gs_kernel_attribute(const struct gs_kernel_node *kernel, CUlaunchAttributeID id);

/* Sets one.  CUDA_ERROR_INVALID_VALUE when nodes have none of that id. */
CUresult gs_kernel_set_attribute(struct gs_kernel_node *kernel, CUlaunchAttributeID id,
                                 const CUlaunchAttributeValue *value);

#endif
