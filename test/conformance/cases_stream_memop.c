/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

/* A word that host and device share. */
static volatile uint64_t *shared_word(CUdeviceptr *device)
{
    void *host = NULL;

    CONF_SETUP(cuMemHostAlloc(&host, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    CONF_SETUP(cuMemHostGetDevicePointer_v2(device, host, 0));
    memset(host, 0, 4096);
    return host;
}

static CUstream new_stream(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    return s;
}

CONF_POSITIVE(cuStreamWriteValue32_v2, device_memory)
{
    unsigned int word = 0;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    p = conf_memory(4);
    s = new_stream();
    CONF_OK(cuStreamWriteValue32_v2(s, p, 0x12345678u, CU_STREAM_WRITE_VALUE_DEFAULT));
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuStreamWriteValue32_v2, null_address)
{
    conf_context();
    CONF_RESULT(cuStreamWriteValue32_v2(new_stream(), 0, 1, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamWriteValue32_v2, misaligned)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuStreamWriteValue32_v2(new_stream(), p + 2, 1, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuStreamWriteValue64_v2, host_memory)
{
    volatile uint64_t *word;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    word = shared_word(&p);
    s = new_stream();
    CONF_OK(cuStreamWriteValue64_v2(s, p, 0x123456789abcdefull, CU_STREAM_WRITE_VALUE_DEFAULT));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(*word == 0x123456789abcdefull);
}

CONF_NEGATIVE(cuStreamWriteValue64_v2, misaligned)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuStreamWriteValue64_v2(new_stream(), p + 4, 1, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamWriteValue64_v2, before_init)
{
    CONF_RESULT(cuStreamWriteValue64_v2(NULL, 0, 1, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuStreamWaitValue32_v2, holds_the_stream)
{
    volatile uint64_t *word;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    word = shared_word(&p);
    s = new_stream();
    CONF_OK(cuStreamWaitValue32_v2(s, p, 3, CU_STREAM_WAIT_VALUE_GEQ));
    CONF_OK(cuStreamWriteValue64_v2(s, p + 8, 1, 0));
    CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    CONF_EXPECT(word[1] == 0);
    __atomic_store_n(&word[0], 4, __ATOMIC_RELEASE);
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(word[1] == 1);
}

CONF_POSITIVE(cuStreamWaitValue32_v2, each_condition)
{
    volatile uint64_t *word;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    word = shared_word(&p);
    s = new_stream();
    __atomic_store_n(&word[0], 6, __ATOMIC_RELEASE);
    CONF_OK(cuStreamWaitValue32_v2(s, p, 6, CU_STREAM_WAIT_VALUE_EQ));
    CONF_OK(cuStreamWaitValue32_v2(s, p, 4, CU_STREAM_WAIT_VALUE_AND));
    CONF_OK(cuStreamWaitValue32_v2(s, p, 1, CU_STREAM_WAIT_VALUE_NOR));
    CONF_OK(cuStreamWaitValue32_v2(s, p, 5, CU_STREAM_WAIT_VALUE_GEQ));
    CONF_OK(cuStreamSynchronize(s));
}

CONF_NEGATIVE(cuStreamWaitValue32_v2, bad_flags)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuStreamWaitValue32_v2(new_stream(), p, 1, 0x10), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamWaitValue32_v2, misaligned)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuStreamWaitValue32_v2(new_stream(), p + 1, 1, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuStreamWaitValue64_v2, written_by_another_stream)
{
    CUstream a = NULL, b = NULL;
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(8);
    CONF_SETUP(cuMemsetD32_v2(p, 0, 2));
    CONF_SETUP(cuCtxSynchronize());
    a = new_stream();
    b = new_stream();
    CONF_OK(cuStreamWaitValue64_v2(a, p, 0x100000000ull, CU_STREAM_WAIT_VALUE_EQ));
    CONF_RESULT(cuStreamQuery(a), CUDA_ERROR_NOT_READY);
    CONF_OK(cuStreamWriteValue64_v2(b, p, 0x100000000ull, 0));
    CONF_OK(cuStreamSynchronize(a));
}

CONF_NEGATIVE(cuStreamWaitValue64_v2, misaligned)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(64);
    CONF_RESULT(cuStreamWaitValue64_v2(new_stream(), p + 4, 1, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamWaitValue64_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuStreamWaitValue64_v2(NULL, 0x1000, 1, 0), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamBatchMemOp_v2, write_then_wait)
{
    CUstreamBatchMemOpParams ops[3];
    volatile uint64_t *word;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    word = shared_word(&p);
    s = new_stream();
    memset(ops, 0, sizeof(ops));
    ops[0].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
    ops[0].writeValue.address = p;
    ops[0].writeValue.value = 7;
    ops[1].waitValue.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32;
    ops[1].waitValue.address = p;
    ops[1].waitValue.value = 7;
    ops[1].waitValue.flags = CU_STREAM_WAIT_VALUE_EQ;
    ops[2].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_64;
    ops[2].writeValue.address = p + 8;
    ops[2].writeValue.value64 = 0x700000007ull;
    CONF_OK(cuStreamBatchMemOp_v2(s, 3, ops, 0));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(word[0] == 7 && word[1] == 0x700000007ull);
}

CONF_NEGATIVE(cuStreamBatchMemOp_v2, unknown_operation)
{
    CUstreamBatchMemOpParams op;

    conf_context();
    memset(&op, 0, sizeof(op));
    op.operation = (CUstreamBatchMemOpType)99;
    CONF_RESULT(cuStreamBatchMemOp_v2(new_stream(), 1, &op, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamBatchMemOp_v2, too_many)
{
    static CUstreamBatchMemOpParams ops[257];
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(8);
    for (int i = 0; i < 257; i++) {
        ops[i].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
        ops[i].writeValue.address = p;
    }
    CONF_RESULT(cuStreamBatchMemOp_v2(new_stream(), 257, ops, 0), CUDA_ERROR_INVALID_VALUE);
}
