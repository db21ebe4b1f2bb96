/* SPDX-License-Identifier: Apache-2.0 */
/* cuBLASLt: every algorithm that the heuristics offer, with and without an epilogue. */
#include <cublasLt.h>

#include "test/frameworks/libraries/tell.h"

enum { M = 512, N = 256, K = 384, OFFERED = 6 };

static cublasLtHandle_t handle;
static const size_t workspace_size = 32u << 20;
static void *workspace;

struct problem {
    cublasLtMatmulDesc_t description;
    cublasLtMatrixLayout_t a;
    cublasLtMatrixLayout_t b;
    cublasLtMatrixLayout_t c;
    cublasLtMatmulPreference_t preference;
};

static void prepare(struct problem *p, cudaDataType type, cublasLtEpilogue_t epilogue,
                    const void *bias)
{
    TRY(cublasLtMatmulDescCreate(&p->description, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    TRY(cublasLtMatmulDescSetAttribute(p->description, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                       sizeof(epilogue)));
    if (bias != NULL) {
        TRY(cublasLtMatmulDescSetAttribute(p->description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias,
                                           sizeof(bias)));
    }
    TRY(cublasLtMatrixLayoutCreate(&p->a, type, M, K, M));
    TRY(cublasLtMatrixLayoutCreate(&p->b, type, K, N, K));
    TRY(cublasLtMatrixLayoutCreate(&p->c, type, M, N, M));
    TRY(cublasLtMatmulPreferenceCreate(&p->preference));
    TRY(cublasLtMatmulPreferenceSetAttribute(p->preference,
                                             CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                             &workspace_size, sizeof(workspace_size)));
}

static void release(struct problem *p)
{
    TRY(cublasLtMatmulPreferenceDestroy(p->preference));
    TRY(cublasLtMatrixLayoutDestroy(p->a));
    TRY(cublasLtMatrixLayoutDestroy(p->b));
    TRY(cublasLtMatrixLayoutDestroy(p->c));
    TRY(cublasLtMatmulDescDestroy(p->description));
}

static void run(const char *name, cudaDataType type, cublasLtEpilogue_t epilogue, const void *a,
                const void *b, const void *bias)
{
    static const float one = 1.0F;
    static const float none = 0.0F;
    cublasLtMatmulHeuristicResult_t found[OFFERED];
    size_t bytes = (size_t)M * N * (type == CUDA_R_32F ? 4 : 2);
    void *c = tell_upload(NULL, bytes);
    struct problem p;
    char label[96];
    int count = 0;

    prepare(&p, type, epilogue, bias);
    TRY(cublasLtMatmulAlgoGetHeuristic(handle, p.description, p.a, p.b, p.c, p.c, p.preference,
                                       OFFERED, found, &count));
    (void)snprintf(label, sizeof(label), "%s.offered", name);
    tell_int(label, count);
    for (int i = 0; i < count; i++) {
        TELL_CUDA(cudaMemset(c, 0, bytes));
        TRY(cublasLtMatmul(handle, p.description, &one, a, p.a, b, p.b, &none, c, p.c, c, p.c,
                           &found[i].algo, workspace, workspace_size, NULL));
        (void)snprintf(label, sizeof(label), "%s.%d", name, i);
        tell_device(label, c, bytes);
    }
    release(&p);
    TELL_CUDA(cudaFree(c));
}

int main(void)
{
    float *a = tell_floats_made(M * K, 1);
    float *b = tell_floats_made(K * N, 2);
    void *half_a = tell_small_made(M * K, 3, tell_half);
    void *half_b = tell_small_made(K * N, 4, tell_half);
    void *bf_a = tell_small_made(M * K, 5, tell_bf16);
    void *bf_b = tell_small_made(K * N, 6, tell_bf16);
    void *bias = tell_small_made(M, 7, tell_half);

    TELL_CUDA(cudaMalloc(&workspace, workspace_size));
    TRY(cublasLtCreate(&handle));
    tell_int("version", (long long)cublasLtGetVersion());
    run("fp32", CUDA_R_32F, CUBLASLT_EPILOGUE_DEFAULT, a, b, NULL);
    run("fp16", CUDA_R_16F, CUBLASLT_EPILOGUE_DEFAULT, half_a, half_b, NULL);
    run("bf16", CUDA_R_16BF, CUBLASLT_EPILOGUE_DEFAULT, bf_a, bf_b, NULL);
    run("fp16.gelu_bias", CUDA_R_16F, CUBLASLT_EPILOGUE_GELU_BIAS, half_a, half_b, bias);
    TRY(cublasLtDestroy(handle));
    tell_done();
    return 0;
}
