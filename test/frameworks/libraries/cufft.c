/* SPDX-License-Identifier: Apache-2.0 */
/* cuFFT: transforms of one to three dimensions, real and complex, batches, a large prime. */
#include <cufft.h>

#include "test/frameworks/libraries/tell.h"

static void complex_1d(const char *name, int length, int batch)
{
    size_t count = (size_t)length * (size_t)batch * 2;
    float *data = tell_floats_made(count, 1);
    cufftHandle plan;
    char back[64];

    TRY(cufftPlan1d(&plan, length, CUFFT_C2C, batch));
    TRY(cufftExecC2C(plan, (cufftComplex *)data, (cufftComplex *)data, CUFFT_FORWARD));
    tell_floats(name, data, count);
    TRY(cufftExecC2C(plan, (cufftComplex *)data, (cufftComplex *)data, CUFFT_INVERSE));
    (void)snprintf(back, sizeof(back), "%s.and_back", name);
    tell_floats(back, data, count);
    TRY(cufftDestroy(plan));
    TELL_CUDA(cudaFree(data));
}

static void real_2d(void)
{
    enum { H = 120, W = 256 };
    float *in = tell_floats_made(H * W, 2);
    float *out = tell_upload(NULL, sizeof(float) * 2 * H * (W / 2 + 1));
    cufftHandle plan;

    TRY(cufftPlan2d(&plan, H, W, CUFFT_R2C));
    TRY(cufftExecR2C(plan, in, (cufftComplex *)out));
    tell_floats("real.2d", out, (size_t)2 * H * (W / 2 + 1));
    TRY(cufftDestroy(plan));
    TELL_CUDA(cudaFree(in));
    TELL_CUDA(cudaFree(out));
}

static void complex_3d(void)
{
    enum { S = 32 };
    float *data = tell_floats_made(2 * S * S * S, 3);
    cudaStream_t stream;
    cufftHandle plan;
    size_t needed = 0;

    TELL_CUDA(cudaStreamCreate(&stream));
    TRY(cufftPlan3d(&plan, S, S, S, CUFFT_C2C));
    TRY(cufftGetSize(plan, &needed));
    tell_int("workspace.3d", (long long)needed);
    TRY(cufftSetStream(plan, stream));
    TRY(cufftExecC2C(plan, (cufftComplex *)data, (cufftComplex *)data, CUFFT_FORWARD));
    TELL_CUDA(cudaStreamSynchronize(stream));
    tell_floats("complex.3d", data, 2 * S * S * S);
    TRY(cufftDestroy(plan));
    TELL_CUDA(cudaStreamDestroy(stream));
    TELL_CUDA(cudaFree(data));
}

int main(void)
{
    int version = 0;

    TRY(cufftGetVersion(&version));
    tell_int("version", version);
    complex_1d("complex.1024", 1024, 8);
    complex_1d("complex.65536", 65536, 1);
    complex_1d("complex.1000003", 1000003, 1);
    real_2d();
    complex_3d();
    tell_done();
    return 0;
}
