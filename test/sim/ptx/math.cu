/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void f64(const double *a, const double *b, double *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i >= n) {
        return;
    }
    double x = a[i], y = b[i];
    double *o = out + i * 14;

    o[0] = x + y;
    o[1] = x - y;
    o[2] = x * y;
    o[3] = x / y;
    o[4] = fma(x, y, 1.5);
    o[5] = sqrt(fabs(x));
    o[6] = sin(x);
    o[7] = exp(y * 0.01);
    o[8] = log(fabs(x) + 1.0);
    o[9] = floor(x) + ceil(y) + trunc(x) + rint(y);
    o[10] = (double)(long long)x + (double)(unsigned)fabs(y) + (double)(float)x;
    o[11] = fmin(x, y) + fmax(x, y) + copysign(x, y);
    o[12] = pow(fabs(x), 0.3);
    o[13] = __dadd_rz(x, y) - __dmul_ru(x, y) + __drcp_rn(y + 1000.0);
}

extern "C" __global__ void f32(const float *a, const float *b, float *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i >= n) {
        return;
    }
    float x = a[i], y = b[i];
    float *o = out + i * 16;

    o[0] = x + y;
    o[1] = x * y - x;
    o[2] = x / y;
    o[3] = sqrtf(fabsf(x));
    o[4] = 1.0f / sqrtf(fabsf(y) + 1.0f);
    o[5] = sinf(x);
    o[6] = expf(y * 0.1f);
    o[7] = logf(fabsf(x) + 1.0f);
    o[8] = __sinf(x * 0.01f) + __cosf(y * 0.01f);
    o[9] = __expf(y * 0.01f) + __logf(fabsf(x) + 2.0f);
    o[10] = floorf(x) + ceilf(y) + truncf(x) + rintf(y);
    o[11] = fminf(x, y) + fmaxf(x, y) + copysignf(x, y);
    o[12] = (float)(int)x + (float)(unsigned)fabsf(y) + (float)(long long)x + (float)(short)(int)y;
    o[13] = __saturatef(x) + __fdividef(x, y + 1000.0f);
    o[14] = powf(fabsf(x), 1.7f) + tanhf(y);
    o[15] = __fadd_rz(x, y) + __fmul_ru(x, y) + __int_as_float(__float_as_int(x) & 0x7fffffff);
}
