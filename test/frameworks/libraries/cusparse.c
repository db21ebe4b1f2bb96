/* SPDX-License-Identifier: Apache-2.0 */
/* cuSPARSE: a sparse matrix times a vector and times a matrix. */
#include <cusparse.h>

#include "test/frameworks/libraries/tell.h"

enum { ROWS = 5000, PER_ROW = 7, COLUMNS = 5000, WIDE = 16, ENTRIES = ROWS * PER_ROW };

static cusparseHandle_t handle;
static const float one = 1.0F;
static const float none = 0.0F;

static cusparseSpMatDescr_t make_matrix(void)
{
    int *offsets = malloc(sizeof(int) * (ROWS + 1));
    int *columns = malloc(sizeof(int) * ENTRIES);
    cusparseSpMatDescr_t matrix;

    TRY(offsets == NULL || columns == NULL);
    for (int row = 0; row <= ROWS; row++) {
        offsets[row] = row * PER_ROW;
    }
    for (int i = 0; i < ENTRIES; i++) {
        columns[i] = (i / PER_ROW + i % PER_ROW * 611) % COLUMNS;
    }
    TRY(cusparseCreateCsr(
        &matrix, ROWS, COLUMNS, ENTRIES, tell_upload(offsets, sizeof(int) * (ROWS + 1)),
        tell_upload(columns, sizeof(int) * ENTRIES), tell_floats_made(ENTRIES, 1),
        CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, CUDA_R_32F));
    free(offsets);
    free(columns);
    return matrix;
}

static void vector(cusparseSpMatDescr_t matrix, const char *name, cusparseSpMVAlg_t algorithm)
{
    float *y = tell_upload(NULL, sizeof(float) * ROWS);
    cusparseDnVecDescr_t x_desc;
    cusparseDnVecDescr_t y_desc;
    size_t bytes = 0;
    void *buffer;

    TRY(cusparseCreateDnVec(&x_desc, COLUMNS, tell_floats_made(COLUMNS, 2), CUDA_R_32F));
    TRY(cusparseCreateDnVec(&y_desc, ROWS, y, CUDA_R_32F));
    TRY(cusparseSpMV_bufferSize(handle, CUSPARSE_OPERATION_NON_TRANSPOSE, &one, matrix, x_desc,
                                &none, y_desc, CUDA_R_32F, algorithm, &bytes));
    buffer = tell_upload(NULL, bytes + 256);
    TRY(cusparseSpMV(handle, CUSPARSE_OPERATION_NON_TRANSPOSE, &one, matrix, x_desc, &none, y_desc,
                     CUDA_R_32F, algorithm, buffer));
    tell_floats(name, y, ROWS);
    TRY(cusparseDestroyDnVec(x_desc));
    TRY(cusparseDestroyDnVec(y_desc));
    TELL_CUDA(cudaFree(buffer));
}

static void wide(cusparseSpMatDescr_t matrix)
{
    float *c = tell_upload(NULL, sizeof(float) * ROWS * WIDE);
    cusparseDnMatDescr_t b_desc;
    cusparseDnMatDescr_t c_desc;
    size_t bytes = 0;
    void *buffer;

    TRY(cusparseCreateDnMat(&b_desc, COLUMNS, WIDE, COLUMNS,
                            tell_floats_made((size_t)COLUMNS * WIDE, 3), CUDA_R_32F,
                            CUSPARSE_ORDER_COL));
    TRY(cusparseCreateDnMat(&c_desc, ROWS, WIDE, ROWS, c, CUDA_R_32F, CUSPARSE_ORDER_COL));
    TRY(cusparseSpMM_bufferSize(handle, CUSPARSE_OPERATION_NON_TRANSPOSE,
                                CUSPARSE_OPERATION_NON_TRANSPOSE, &one, matrix, b_desc, &none,
                                c_desc, CUDA_R_32F, CUSPARSE_SPMM_CSR_ALG2, &bytes));
    buffer = tell_upload(NULL, bytes + 256);
    TRY(cusparseSpMM(handle, CUSPARSE_OPERATION_NON_TRANSPOSE, CUSPARSE_OPERATION_NON_TRANSPOSE,
                     &one, matrix, b_desc, &none, c_desc, CUDA_R_32F, CUSPARSE_SPMM_CSR_ALG2,
                     buffer));
    tell_floats("spmm", c, (size_t)ROWS * WIDE);
    TELL_CUDA(cudaFree(buffer));
}

int main(void)
{
    cusparseSpMatDescr_t matrix;
    int version = 0;

    TRY(cusparseCreate(&handle));
    TRY(cusparseGetVersion(handle, &version));
    tell_int("version", version);
    matrix = make_matrix();
    /* The second algorithm adds in one order. */
    vector(matrix, "spmv.csr2", CUSPARSE_SPMV_CSR_ALG2);
    wide(matrix);
    TRY(cusparseDestroySpMat(matrix));
    TRY(cusparseDestroy(handle));
    tell_done();
    return 0;
}
