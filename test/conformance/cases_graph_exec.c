/* SPDX-License-Identifier: Apache-2.0 */

/* Executable graphs. */
#include "test/conformance/graph.h"

#include <string.h>

static CUgraph counting(CUdeviceptr *word)
{
    unsigned int one = 1;
    CUgraph graph = conf_graph();

    *word = conf_word(0);
    (void)conf_add_kernel(graph, NULL, "add", word, &one);
    return graph;
}

/* Two nodes that follow each other, which no run could begin. */
static CUgraph circle(void)
{
    struct conf_pair p = conf_pair();

    (void)drv.cuGraphAddDependencies_v2(p.graph, &p.second, &p.first, NULL, 1);
    return p.graph;
}

CONF_POSITIVE(cuGraphInstantiateWithFlags, then_the_graph_is_gone)
{
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;
    CUgraph graph = NULL;

    conf_context();
    graph = counting(&word);
    CONF_OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CONF_OK(cuGraphDestroy(graph));
    conf_run_graph(exec);
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
    CONF_OK(cuGraphExecDestroy(exec));
}

CONF_NEGATIVE(cuGraphInstantiateWithFlags, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphInstantiateWithFlags(NULL, conf_graph(), 0));
}

CONF_NEGATIVE(cuGraphInstantiateWithFlags, null_graph)
{
    CUgraphExec exec = NULL;

    conf_context();
    CONF_REFUSED(cuGraphInstantiateWithFlags(&exec, NULL, 0));
}

CONF_POSITIVE(cuGraphInstantiate_v2, then_the_graph_is_gone)
{
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;
    CUgraph graph = NULL;

    conf_context();
    graph = counting(&word);
    CONF_OK(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
    CONF_OK(cuGraphDestroy(graph));
    conf_run_graph(exec);
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
    CONF_OK(cuGraphExecDestroy(exec));
}

CONF_NEGATIVE(cuGraphInstantiate_v2, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphInstantiate_v2(NULL, conf_graph(), NULL, NULL, 0));
}

CONF_NEGATIVE(cuGraphInstantiate_v2, null_graph)
{
    CUgraphExec exec = NULL;

    conf_context();
    CONF_REFUSED(cuGraphInstantiate_v2(&exec, NULL, NULL, NULL, 0));
}

CONF_NEGATIVE(cuGraphInstantiateWithFlags, unknown_flags)
{
    CUgraphExec exec = NULL;

    conf_context();
    CONF_RESULT(cuGraphInstantiateWithFlags(&exec, conf_graph(), 0x1000), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuGraphInstantiateWithFlags, circle)
{
    CUgraphExec exec = NULL;

    conf_context();
    CONF_REFUSED(cuGraphInstantiateWithFlags(&exec, circle(), 0));
}

CONF_POSITIVE(cuGraphInstantiateWithFlags, another_after_a_circle)
{
    CUdeviceptr word = 0;
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;

    conf_context();
    graph = counting(&word);
    for (int i = 0; i < 3; i++) {
        CONF_REFUSED(cuGraphInstantiateWithFlags(&exec, circle(), 0));
        CONF_OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
        conf_run_graph(exec);
        CONF_OK(cuGraphExecDestroy(exec));
    }
    CONF_VALUE(conf_read(word));
}

CONF_POSITIVE(cuGraphInstantiateWithParams, with_upload)
{
    CUDA_GRAPH_INSTANTIATE_PARAMS params;
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    memset(&params, 0, sizeof(params));
    params.flags = CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
    params.hUploadStream = s;
    params.result_out = CUDA_GRAPH_INSTANTIATE_ERROR;
    CONF_OK(cuGraphInstantiateWithParams(&exec, counting(&word), &params));
    CONF_VALUE(params.result_out);
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphInstantiateWithParams, null_params)
{
    CUgraphExec exec = NULL;

    conf_context();
    CONF_REFUSED(cuGraphInstantiateWithParams(&exec, conf_graph(), NULL));
}

CONF_NEGATIVE(cuGraphInstantiateWithParams, null_graph)
{
    CUDA_GRAPH_INSTANTIATE_PARAMS params;
    CUgraphExec exec = NULL;

    conf_context();
    memset(&params, 0, sizeof(params));
    CONF_REFUSED(cuGraphInstantiateWithParams(&exec, NULL, &params));
}

CONF_POSITIVE(cuGraphExecGetFlags, as_made)
{
    CUgraphExec exec = NULL;
    cuuint64_t flags = 99;

    conf_context();
    CONF_SETUP(cuGraphInstantiateWithFlags(&exec, conf_graph(),
                                           CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY));
    CONF_OK(cuGraphExecGetFlags(exec, &flags));
    CONF_VALUE(flags);
}

CONF_NEGATIVE(cuGraphExecGetFlags, null_out)
{
    conf_context();
    CONF_REFUSED(cuGraphExecGetFlags(conf_instantiate(conf_graph()), NULL));
}

CONF_NEGATIVE(cuGraphExecGetFlags, null_graph)
{
    cuuint64_t flags = 0;

    conf_context();
    CONF_REFUSED(cuGraphExecGetFlags(NULL, &flags));
}

CONF_POSITIVE(cuGraphExecDestroy, while_it_runs)
{
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    exec = conf_instantiate(counting(&word));
    conf_busy_start(&busy, s);
    CONF_SETUP(cuGraphLaunch(exec, s));
    conf_busy_stop(&busy);
    CONF_OK(cuGraphExecDestroy(exec));
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphExecDestroy, null)
{
    conf_context();
    CONF_REFUSED(cuGraphExecDestroy(NULL));
}

CONF_NEGATIVE(cuGraphExecDestroy, before_init)
{
    CONF_REFUSED_EARLY(cuGraphExecDestroy(NULL));
}

CONF_POSITIVE(cuGraphLaunch, in_the_order_of_its_stream)
{
    unsigned int hundred = 100, one = 1;
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;
    CUstream s = NULL;
    void *first[] = {&word, &hundred}, *last[] = {&word, &one};

    conf_context();
    exec = conf_instantiate(counting(&word));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_launch(conf_kernel("store"), 1, 1, s, first);
    for (int i = 0; i < 20; i++) {
        CONF_OK(cuGraphLaunch(exec, s));
    }
    conf_launch(conf_kernel("add"), 1, 1, s, last);
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(conf_read(word));
}

CONF_POSITIVE(cuGraphLaunch, branches_meet)
{
    unsigned int one = 1, two = 2, four = 4;
    CUgraphNode root = NULL, branch[2] = {NULL}, end = NULL;
    CUdeviceptr a = 0, b = 0;
    CUgraph graph = NULL;
    CUcontext ctx = conf_context();
    CUDA_MEMCPY3D copy;

    a = conf_word(0);
    b = conf_word(0);
    graph = conf_graph();
    root = conf_empty(graph);
    branch[0] = conf_add_kernel(graph, root, "add", &a, &one);
    branch[0] = conf_add_kernel(graph, branch[0], "add", &a, &two);
    branch[1] = conf_add_kernel(graph, root, "add", &b, &four);
    copy = conf_copy_node(b, a);
    CONF_SETUP(cuGraphAddMemcpyNode(&end, graph, branch, 2, &copy, ctx));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(a));
    CONF_VALUE(conf_read(b));
}

CONF_POSITIVE(cuGraphLaunch, legacy_stream)
{
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;

    conf_context();
    exec = conf_instantiate(counting(&word));
    CONF_OK(cuGraphLaunch(exec, NULL));
    CONF_OK(cuStreamSynchronize(NULL));
    CONF_VALUE(conf_read(word));
}

CONF_POSITIVE(cuGraphLaunch, two_thousand_kernels)
{
    unsigned int one = 1;
    CUgraphNode node = NULL;
    CUdeviceptr word = 0;
    CUgraph graph = NULL;

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    for (int i = 0; i < 2000; i++) {
        node = conf_add_kernel(graph, node, "add", &word, &one);
    }
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphLaunch, null)
{
    conf_context();
    CONF_REFUSED(cuGraphLaunch(NULL, NULL));
}

CONF_NEGATIVE(cuGraphLaunch, before_init)
{
    CONF_REFUSED_EARLY(cuGraphLaunch(NULL, NULL));
}

CONF_POSITIVE(cuGraphUpload, then_run)
{
    CUgraphExec exec = NULL;
    CUdeviceptr word = 0;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    exec = conf_instantiate(counting(&word));
    CONF_OK(cuGraphUpload(exec, s));
    CONF_OK(cuStreamSynchronize(s));
    conf_run_graph(exec);
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuGraphUpload, null)
{
    conf_context();
    CONF_REFUSED(cuGraphUpload(NULL, NULL));
}

CONF_NEGATIVE(cuGraphUpload, before_init)
{
    CONF_REFUSED_EARLY(cuGraphUpload(NULL, NULL));
}
