/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_CONF_GRAPH_H
#define VGPU_CONF_GRAPH_H

/* Steps that cases of graphs share; each ends the case when it fails. */

#include "test/conformance/conf.h"

CUgraph conf_graph(void);

/* Two empty nodes, the second behind the first. */
struct conf_pair {
    CUgraph graph;
    CUgraphNode first;
    CUgraphNode second;
};
struct conf_pair conf_pair(void);

CUgraphNode conf_empty(CUgraph graph);

/* One block of one thread of a function, or of a kernel of kernels.cu; `params` are borrowed by the
 * result. */
CUDA_KERNEL_NODE_PARAMS conf_function_node(CUfunction function, void **params);
CUDA_KERNEL_NODE_PARAMS conf_kernel_node(const char *name, void **params);

/* Adds a node of the kernel `store` or `add`, for one word. */
CUgraphNode conf_add_kernel(CUgraph graph, CUgraphNode after, const char *name, CUdeviceptr *word,
                            unsigned int *value);

/* A fill of one word. */
CUDA_MEMSET_NODE_PARAMS conf_fill_node(CUdeviceptr word, unsigned int value);

/* A copy of one word between device memory. */
CUDA_MEMCPY3D conf_copy_node(CUdeviceptr to, CUdeviceptr from);

/* Makes the graph executable, runs it once and waits. */
CUgraphExec conf_instantiate(CUgraph graph);
void conf_run_graph(CUgraphExec exec);

/* A word of device memory with a value, and what it holds. */
CUdeviceptr conf_word(unsigned int value);
unsigned int conf_read(CUdeviceptr word);

#endif
