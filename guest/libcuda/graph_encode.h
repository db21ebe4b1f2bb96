/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_GRAPH_ENCODE_H
#define GS_GRAPH_ENCODE_H

/* Records of graph nodes. */

#include <sys/types.h>

#include "guest/libcuda/graph_node.h"
#include "guest/libcuda/graph_plan.h"

/*
 * Fills in what a flat node says of its work, and its record without dependencies; `params` NULL:
 * an empty node.  A host function's record waits for its token (gs_flat_encode_host).  400: a
 * function or event that is gone; CUDA_ERROR_OUT_OF_MEMORY.  That the worker has ended does not
 * matter: what is sent to it finds out.
 */
CUresult gs_flat_encode(const struct gs_node_params *params, uint64_t graph, uint32_t index,
                        struct gs_flat *flat);

/* The record of a host function whose token is set. */
CUresult gs_flat_encode_host(uint64_t graph, uint32_t index, struct gs_flat *flat);

/* The record that makes the node, with its dependencies, in `body` of VGPU_RECORD_BYTES_MAX bytes;
 * its length or -errno. */
ssize_t gs_flat_with_deps(const struct gs_flat *flat, uint8_t *body);

#endif
