/* SPDX-License-Identifier: Apache-2.0 */
/* cuSOLVER: a dense system by LU, Cholesky, and eigenvalues. */
#include <cusolverDn.h>

#include "test/frameworks/libraries/tell.h"

enum { N = 300, RIGHT = 4 };

static cusolverDnHandle_t handle;
static int *info;

static void tell_info(const char *name)
{
    int host = -1;

    TELL_CUDA(cudaMemcpy(&host, info, sizeof(host), cudaMemcpyDeviceToHost));
    tell_int(name, host);
}

/* Symmetric, with a heavy diagonal: every method can take it. */
static float *make_matrix(void)
{
    float *host = malloc(sizeof(float) * N * N);
    uint32_t seed = 1;
    float *device;

    TRY(host == NULL);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j <= i; j++) {
            host[i * N + j] = host[j * N + i] = tell_number(&seed);
        }
        host[i * N + i] += (float)N;
    }
    device = tell_upload(host, sizeof(float) * N * N);
    free(host);
    return device;
}

static void lu(void)
{
    float *a = make_matrix();
    float *b = tell_floats_made((size_t)N * RIGHT, 2);
    int *pivots = tell_upload(NULL, sizeof(int) * N);
    float *work;
    int size = 0;

    TRY(cusolverDnSgetrf_bufferSize(handle, N, N, a, N, &size));
    work = tell_upload(NULL, sizeof(float) * (size_t)size);
    TRY(cusolverDnSgetrf(handle, N, N, a, N, work, pivots, info));
    tell_info("getrf.info");
    tell_floats("getrf", a, (size_t)N * N);
    TRY(cusolverDnSgetrs(handle, CUBLAS_OP_N, N, RIGHT, a, N, pivots, b, N, info));
    tell_info("getrs.info");
    tell_floats("getrs", b, (size_t)N * RIGHT);
    TELL_CUDA(cudaFree(work));
}

static void cholesky(void)
{
    float *a = make_matrix();
    float *work;
    int size = 0;

    TRY(cusolverDnSpotrf_bufferSize(handle, CUBLAS_FILL_MODE_LOWER, N, a, N, &size));
    work = tell_upload(NULL, sizeof(float) * (size_t)size);
    TRY(cusolverDnSpotrf(handle, CUBLAS_FILL_MODE_LOWER, N, a, N, work, size, info));
    tell_info("potrf.info");
    tell_floats("potrf", a, (size_t)N * N);
    TELL_CUDA(cudaFree(work));
}

static void eigenvalues(void)
{
    float *a = make_matrix();
    float *values = tell_upload(NULL, sizeof(float) * N);
    float *host = malloc(sizeof(float) * N);
    float *work;
    int size = 0;

    TRY(host == NULL);
    TRY(cusolverDnSsyevd_bufferSize(handle, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N, a,
                                    N, values, &size));
    work = tell_upload(NULL, sizeof(float) * (size_t)size);
    TRY(cusolverDnSsyevd(handle, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, N, a, N, values,
                         work, size, info));
    tell_info("syevd.info");
    TELL_CUDA(cudaMemcpy(host, values, sizeof(float) * N, cudaMemcpyDeviceToHost));
    tell_near("syevd.smallest", host[0], 1e-5, 0);
    tell_near("syevd.largest", host[N - 1], 1e-5, 0);
    free(host);
    TELL_CUDA(cudaFree(work));
}

int main(void)
{
    int version = 0;

    TRY(cusolverDnCreate(&handle));
    TRY(cusolverGetVersion(&version));
    tell_int("version", version);
    info = tell_upload(NULL, sizeof(int));
    lu();
    cholesky();
    eigenvalues();
    TRY(cusolverDnDestroy(handle));
    tell_done();
    return 0;
}
