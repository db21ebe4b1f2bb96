/* SPDX-License-Identifier: Apache-2.0 */
/* cuDNN by its older interface: convolution forward and backward, activation, softmax, pooling. */
#include <cudnn.h>

#include "test/frameworks/libraries/tell.h"

enum { BATCH = 4, IN = 16, OUT = 32, SIZE = 28, WINDOW = 3 };

static cudnnHandle_t handle;
static const float one = 1.0F;
static const float none = 0.0F;

struct layer {
    cudnnTensorDescriptor_t x_desc;
    cudnnTensorDescriptor_t y_desc;
    cudnnFilterDescriptor_t w_desc;
    cudnnConvolutionDescriptor_t conv;
    float *x;
    float *w;
    float *y;
    float *dx;
    float *dw;
    void *workspace;
};

static const size_t x_count = (size_t)BATCH * IN * SIZE * SIZE;
static const size_t y_count = (size_t)BATCH * OUT * SIZE * SIZE;
static const size_t w_count = (size_t)OUT * IN * WINDOW * WINDOW;
static const size_t workspace_size = 64u << 20;

static void prepare(struct layer *l)
{
    TRY(cudnnCreateTensorDescriptor(&l->x_desc));
    TRY(cudnnCreateTensorDescriptor(&l->y_desc));
    TRY(cudnnCreateFilterDescriptor(&l->w_desc));
    TRY(cudnnCreateConvolutionDescriptor(&l->conv));
    TRY(cudnnSetTensor4dDescriptor(l->x_desc, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, BATCH, IN, SIZE,
                                   SIZE));
    TRY(cudnnSetTensor4dDescriptor(l->y_desc, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, BATCH, OUT, SIZE,
                                   SIZE));
    TRY(cudnnSetFilter4dDescriptor(l->w_desc, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, OUT, IN, WINDOW,
                                   WINDOW));
    TRY(cudnnSetConvolution2dDescriptor(l->conv, 1, 1, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION,
                                        CUDNN_DATA_FLOAT));
    TRY(cudnnSetConvolutionMathType(l->conv, CUDNN_FMA_MATH));
    l->x = tell_floats_made(x_count, 1);
    l->w = tell_floats_made(w_count, 2);
    l->y = tell_upload(NULL, y_count * sizeof(float));
    l->dx = tell_upload(NULL, x_count * sizeof(float));
    l->dw = tell_upload(NULL, w_count * sizeof(float));
    TELL_CUDA(cudaMalloc(&l->workspace, workspace_size));
}

static void forward(struct layer *l)
{
    cudnnConvolutionFwdAlgoPerf_t found[4];
    int count = 0;

    TRY(cudnnGetConvolutionForwardAlgorithm_v7(handle, l->x_desc, l->w_desc, l->conv, l->y_desc, 4,
                                               &count, found));
    tell_int("forward.first_choice", count > 0 ? (long long)found[0].algo : -1);
    TRY(cudnnConvolutionForward(handle, &one, l->x_desc, l->x, l->w_desc, l->w, l->conv,
                                CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, l->workspace,
                                workspace_size, &none, l->y_desc, l->y));
    tell_floats("forward.precomp_gemm", l->y, y_count);
    TRY(cudnnConvolutionForward(handle, &one, l->x_desc, l->x, l->w_desc, l->w, l->conv,
                                CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, l->workspace,
                                workspace_size, &none, l->y_desc, l->y));
    tell_floats("forward.implicit_gemm", l->y, y_count);
}

/* Algorithms 1 of both are the deterministic ones. */
static void backward(struct layer *l)
{
    TRY(cudnnConvolutionBackwardData(handle, &one, l->w_desc, l->w, l->y_desc, l->y, l->conv,
                                     CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, l->workspace,
                                     workspace_size, &none, l->x_desc, l->dx));
    tell_floats("backward.data", l->dx, x_count);
    TRY(cudnnConvolutionBackwardFilter(handle, &one, l->x_desc, l->x, l->y_desc, l->y, l->conv,
                                       CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, l->workspace,
                                       workspace_size, &none, l->w_desc, l->dw));
    tell_floats("backward.filter", l->dw, w_count);
}

static void others(struct layer *l)
{
    cudnnActivationDescriptor_t relu;

    TRY(cudnnCreateActivationDescriptor(&relu));
    TRY(cudnnSetActivationDescriptor(relu, CUDNN_ACTIVATION_RELU, CUDNN_NOT_PROPAGATE_NAN, 0.0));
    TRY(cudnnActivationForward(handle, relu, &one, l->x_desc, l->x, &none, l->x_desc, l->dx));
    tell_floats("relu", l->dx, x_count);
    TRY(cudnnSoftmaxForward(handle, CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_CHANNEL, &one,
                            l->x_desc, l->x, &none, l->x_desc, l->dx));
    tell_floats("softmax", l->dx, x_count);
    TRY(cudnnDestroyActivationDescriptor(relu));
}

int main(void)
{
    struct layer l;

    memset(&l, 0, sizeof(l));
    TRY(cudnnCreate(&handle));
    tell_int("version", (long long)cudnnGetVersion());
    prepare(&l);
    forward(&l);
    backward(&l);
    others(&l);
    TRY(cudnnDestroy(handle));
    tell_done();
    return 0;
}
