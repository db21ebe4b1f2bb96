/* SPDX-License-Identifier: Apache-2.0 */
/* cuBLAS: products of fp32, TF32, fp16 and bf16, strided batches, vectors, pointers on the device.
 */
#include <cublas_v2.h>

#include "test/frameworks/libraries/tell.h"

enum { M = 384, N = 320, K = 256, BATCH = 12 };

static cublasHandle_t handle;
static const float one = 1.0F;
static const float none = 0.0F;

static void sgemm(const char *name, cublasMath_t mode)
{
    float *a = tell_floats_made(M * K, 1);
    float *b = tell_floats_made(K * N, 2);
    float *c = tell_upload(NULL, sizeof(float) * M * N);

    TRY(cublasSetMathMode(handle, mode));
    TRY(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, M, N, K, &one, a, M, b, K, &none, c, M));
    tell_floats(name, c, M * N);
    TRY(cublasSgemm(handle, CUBLAS_OP_T, CUBLAS_OP_T, M, N, K, &one, a, K, b, N, &one, c, M));
    tell_floats("sgemm.transposed", c, M * N);
    TRY(cublasSetMathMode(handle, CUBLAS_DEFAULT_MATH));
    TELL_CUDA(cudaFree(a));
    TELL_CUDA(cudaFree(b));
    TELL_CUDA(cudaFree(c));
}

static void gemm_ex(const char *name, cudaDataType type, uint16_t (*convert)(float))
{
    void *a = tell_small_made(M * K, 3, convert);
    void *b = tell_small_made(K * N, 4, convert);
    void *c = tell_upload(NULL, 2 * M * N);

    TRY(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, M, N, K, &one, a, type, M, b, type, K, &none,
                     c, type, M, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    tell_device(name, c, 2 * M * N);
    TELL_CUDA(cudaFree(a));
    TELL_CUDA(cudaFree(b));
    TELL_CUDA(cudaFree(c));
}

static void batched(void)
{
    enum { S = 64 };
    float *a = tell_floats_made(BATCH * S * S, 5);
    float *b = tell_floats_made(BATCH * S * S, 6);
    float *c = tell_upload(NULL, sizeof(float) * BATCH * S * S);
    void *small_a = tell_small_made(BATCH * S * S, 7, tell_bf16);
    void *small_c = tell_upload(NULL, 2 * BATCH * S * S);

    TRY(cublasSgemmStridedBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, S, S, S, &one, a, S, S * S, b,
                                  S, S * S, &none, c, S, S * S, BATCH));
    tell_floats("sgemm.strided_batched", c, BATCH * S * S);
    TRY(cublasGemmStridedBatchedEx(handle, CUBLAS_OP_N, CUBLAS_OP_T, S, S, S, &one, small_a,
                                   CUDA_R_16BF, S, S * S, small_a, CUDA_R_16BF, S, S * S, &none,
                                   small_c, CUDA_R_16BF, S, S * S, BATCH, CUBLAS_COMPUTE_32F,
                                   CUBLAS_GEMM_DEFAULT));
    tell_device("gemm.strided_batched.bf16", small_c, 2 * BATCH * S * S);
    TELL_CUDA(cudaFree(a));
    TELL_CUDA(cudaFree(b));
    TELL_CUDA(cudaFree(c));
    TELL_CUDA(cudaFree(small_a));
    TELL_CUDA(cudaFree(small_c));
}

/* Results in host memory (each waits) and in device memory (none waits). */
static void vectors(void)
{
    enum { COUNT = 100003 };
    float *x = tell_floats_made(COUNT, 8);
    float *y = tell_floats_made(COUNT, 9);
    float *answer = tell_upload(NULL, sizeof(float));
    float dot = 0;
    float norm = 0;
    int largest = 0;

    TRY(cublasSaxpy(handle, COUNT, &one, x, 1, y, 1));
    tell_floats("saxpy", y, COUNT);
    TRY(cublasSdot(handle, COUNT, x, 1, y, 1, &dot));
    tell_bytes("sdot", &dot, sizeof(dot));
    TRY(cublasSnrm2(handle, COUNT, x, 1, &norm));
    tell_bytes("snrm2", &norm, sizeof(norm));
    TRY(cublasIsamax(handle, COUNT, x, 1, &largest));
    tell_int("isamax", largest);
    TRY(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_DEVICE));
    TRY(cublasSdot(handle, COUNT, x, 1, y, 1, answer));
    TRY(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST));
    tell_floats("sdot.device", answer, 1);
    TRY(cublasSgemv(handle, CUBLAS_OP_N, 300, 200, &one, x, 300, y, 1, &none, x + 60000, 1));
    tell_floats("sgemv", x + 60000, 300);
    TELL_CUDA(cudaFree(x));
    TELL_CUDA(cudaFree(y));
    TELL_CUDA(cudaFree(answer));
}

static void in_a_stream(void)
{
    cudaStream_t stream;
    float *a = tell_floats_made(M * K, 10);
    float *c = tell_upload(NULL, sizeof(float) * M * M);

    TELL_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    TRY(cublasSetStream(handle, stream));
    for (int i = 0; i < 20; i++) {
        TRY(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, M, M, K, &one, a, M, a, M, &none, c, M));
    }
    TELL_CUDA(cudaStreamSynchronize(stream));
    TRY(cublasSetStream(handle, NULL));
    tell_floats("sgemm.stream", c, M * M);
    TELL_CUDA(cudaStreamDestroy(stream));
    TELL_CUDA(cudaFree(a));
    TELL_CUDA(cudaFree(c));
}

int main(void)
{
    int version = 0;

    TRY(cublasCreate(&handle));
    TRY(cublasGetVersion(handle, &version));
    tell_int("version", version);
    sgemm("sgemm", CUBLAS_DEFAULT_MATH);
    sgemm("sgemm.tf32", CUBLAS_TF32_TENSOR_OP_MATH);
    gemm_ex("gemm_ex.fp16", CUDA_R_16F, tell_half);
    gemm_ex("gemm_ex.bf16", CUDA_R_16BF, tell_bf16);
    batched();
    vectors();
    in_a_stream();
    TRY(cublasDestroy(handle));
    tell_done();
    return 0;
}
