/* SPDX-License-Identifier: Apache-2.0 */
/* NCCL with one rank: each collective, in and out of place, in a group. */
#include <nccl.h>

#include "test/frameworks/libraries/tell.h"

enum { COUNT = 1 << 20 };

int main(void)
{
    float *in = tell_floats_made(COUNT, 1);
    float *out = tell_upload(NULL, sizeof(float) * COUNT);
    ncclComm_t comm;
    ncclUniqueId id;
    cudaStream_t stream;
    int number = -1;

    TELL_CUDA(cudaStreamCreate(&stream));
    TRY(ncclGetVersion(&number));
    tell_int("version", number);
    TRY(ncclGetUniqueId(&id));
    TRY(ncclCommInitRank(&comm, 1, id, 0));
    TRY(ncclCommCount(comm, &number));
    tell_int("ranks", number);
    TRY(ncclCommCuDevice(comm, &number));
    tell_int("device", number);
    TRY(ncclAllReduce(in, out, COUNT, ncclFloat, ncclSum, comm, stream));
    TELL_CUDA(cudaStreamSynchronize(stream));
    tell_floats("all_reduce", out, COUNT);
    TRY(ncclAllReduce(in, in, COUNT, ncclFloat, ncclAvg, comm, stream));
    TRY(ncclBroadcast(in, out, COUNT, ncclFloat, 0, comm, stream));
    TELL_CUDA(cudaStreamSynchronize(stream));
    tell_floats("broadcast", out, COUNT);
    TRY(ncclGroupStart());
    TRY(ncclSend(in, COUNT / 2, ncclFloat, 0, comm, stream));
    TRY(ncclRecv(out + COUNT / 2, COUNT / 2, ncclFloat, 0, comm, stream));
    TRY(ncclGroupEnd());
    TELL_CUDA(cudaStreamSynchronize(stream));
    tell_floats("send_and_receive", out, COUNT);
    TRY(ncclCommDestroy(comm));
    tell_done();
    return 0;
}
