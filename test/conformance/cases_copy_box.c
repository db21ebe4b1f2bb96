/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>

/* Copies and fills of rectangles and boxes, byte by byte against a copy made here. */

#define PITCH  512u
#define WIDTH  100u
#define ROWS   40u
#define SLICES 3u
#define SLICE  (PITCH * ROWS)
#define BYTES  (SLICE * SLICES)

static unsigned char host_a[BYTES];
static unsigned char host_b[BYTES];
static unsigned char wanted[BYTES];

/* Copies the box in host memory: the result that is wanted. */
static void model(unsigned char *dst, const unsigned char *src, const CUDA_MEMCPY3D *c)
{
    for (size_t z = 0; z < c->Depth; z++) {
        for (size_t y = 0; y < c->Height; y++) {
            size_t to = c->dstXInBytes + (c->dstY + y + (c->dstZ + z) * c->dstHeight) * c->dstPitch;
            size_t from =
                c->srcXInBytes + (c->srcY + y + (c->srcZ + z) * c->srcHeight) * c->srcPitch;

            memcpy(dst + to, src + from, c->WidthInBytes);
        }
    }
}

static CUDA_MEMCPY2D rectangle(void)
{
    return (CUDA_MEMCPY2D){
        .srcXInBytes = 3,
        .srcY = 2,
        .srcPitch = 200,
        .dstXInBytes = 16,
        .dstY = 5,
        .dstPitch = PITCH,
        .WidthInBytes = WIDTH,
        .Height = 20,
    };
}

static void model_2d(unsigned char *dst, const unsigned char *src, const CUDA_MEMCPY2D *c)
{
    CUDA_MEMCPY3D box = {
        .srcXInBytes = c->srcXInBytes,
        .srcY = c->srcY,
        .srcPitch = c->srcPitch,
        .dstXInBytes = c->dstXInBytes,
        .dstY = c->dstY,
        .dstPitch = c->dstPitch,
        .WidthInBytes = c->WidthInBytes,
        .Height = c->Height,
        .Depth = 1,
    };

    model(dst, src, &box);
}

static CUdeviceptr cleared(void)
{
    CUdeviceptr d = conf_memory(BYTES);

    CONF_SETUP(cuMemsetD8_v2(d, 0, BYTES));
    CONF_SETUP(cuCtxSynchronize());
    memset(wanted, 0, sizeof(wanted));
    return d;
}

static void expect_device(CUdeviceptr d)
{
    CONF_OK(cuMemcpyDtoH_v2(host_b, d, BYTES));
    CONF_EXPECT(!memcmp(host_b, wanted, BYTES));
}

CONF_POSITIVE(cuMemcpy2D_v2, host_to_device)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    conf_fill(host_a, BYTES, 21);
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = cleared();
    model_2d(wanted, host_a, &c);
    CONF_OK(cuMemcpy2D_v2(&c));
    expect_device(c.dstDevice);
}

CONF_POSITIVE(cuMemcpy2D_v2, device_to_host)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    conf_fill(host_a, BYTES, 22);
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = cleared();
    CONF_SETUP(cuMemcpyHtoD_v2(c.srcDevice, host_a, BYTES));
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = host_b;
    memset(host_b, 0, BYTES);
    model_2d(wanted, host_a, &c);
    CONF_OK(cuMemcpy2D_v2(&c));
    CONF_EXPECT(!memcmp(host_b, wanted, BYTES));
}

CONF_POSITIVE(cuMemcpy2D_v2, nothing_between_the_rows_is_touched)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    conf_fill(host_a, BYTES, 23);
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = conf_memory(BYTES);
    CONF_SETUP(cuMemsetD8_v2(c.dstDevice, 0xee, BYTES));
    memset(wanted, 0xee, sizeof(wanted));
    model_2d(wanted, host_a, &c);
    CONF_OK(cuMemcpy2D_v2(&c));
    expect_device(c.dstDevice);
}

CONF_POSITIVE(cuMemcpy2D_v2, unified_addresses)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    conf_fill(host_a, BYTES, 24);
    c.srcMemoryType = CU_MEMORYTYPE_UNIFIED;
    c.srcDevice = (CUdeviceptr)host_a;
    c.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
    c.dstDevice = cleared();
    model_2d(wanted, host_a, &c);
    CONF_OK(cuMemcpy2D_v2(&c));
    expect_device(c.dstDevice);
}

CONF_POSITIVE(cuMemcpy2D_v2, one_row_of_many_chunks)
{
    size_t bytes = 5u << 20;
    unsigned char *big = malloc(2 * bytes);
    unsigned char *same = malloc(2 * bytes);
    CUDA_MEMCPY2D c = {
        .srcMemoryType = CU_MEMORYTYPE_HOST,
        .dstMemoryType = CU_MEMORYTYPE_DEVICE,
        .srcPitch = bytes,
        .dstPitch = bytes,
        .WidthInBytes = bytes - 7,
        .Height = 2,
    };

    conf_context();
    CONF_EXPECT(big != NULL && same != NULL);
    conf_fill(big, 2 * bytes, 25);
    memcpy(same, big, 2 * bytes);
    c.srcHost = big;
    c.dstDevice = conf_memory(2 * bytes);
    CONF_SETUP(cuMemsetD8_v2(c.dstDevice, 0, 2 * bytes));
    CONF_OK(cuMemcpy2D_v2(&c));
    memset(big, 0, 2 * bytes);
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = c.dstDevice;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = big;
    CONF_OK(cuMemcpy2D_v2(&c));
    CONF_EXPECT(!memcmp(big, same, bytes - 7));
    CONF_EXPECT(!memcmp(big + bytes, same + bytes, bytes - 7));
    CONF_EXPECT(big[bytes - 7] == 0 && big[2 * bytes - 7] == 0);
    free(same);
    free(big);
}

CONF_NEGATIVE(cuMemcpy2D_v2, pitch_below_width)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.srcPitch = WIDTH - 1;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy2D_v2, beyond_allocation)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = conf_memory(4u << 20);
    c.srcPitch = 1u << 20;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = host_a;
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy2D_v2, no_memory_type)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.dstDevice = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy2D_v2, no_context)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_device();
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuMemcpy2DUnaligned_v2, device_to_device)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    conf_fill(host_a, BYTES, 26);
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = conf_memory(BYTES);
    CONF_SETUP(cuMemcpyHtoD_v2(c.srcDevice, host_a, BYTES));
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = cleared();
    model_2d(wanted, host_a, &c);
    CONF_OK(cuMemcpy2DUnaligned_v2(&c));
    expect_device(c.dstDevice);
}

CONF_NEGATIVE(cuMemcpy2DUnaligned_v2, pitch_below_width)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = conf_memory(BYTES);
    c.dstPitch = WIDTH - 1;
    CONF_RESULT(cuMemcpy2DUnaligned_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy2DUnaligned_v2, no_context)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_device();
    CONF_RESULT(cuMemcpy2DUnaligned_v2(&c), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuMemcpy2DAsync_v2, pinned_both_ways)
{
    CUDA_MEMCPY2D c = rectangle();
    unsigned char *p = NULL;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuMemAllocHost_v2((void **)&p, 2 * BYTES));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_fill(p, BYTES, 27);
    memset(p + BYTES, 0, BYTES);
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = p;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = cleared();
    model_2d(wanted, p, &c);
    CONF_OK(cuMemcpy2DAsync_v2(&c, s));
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = c.dstDevice;
    c.srcXInBytes = c.dstXInBytes;
    c.srcY = c.dstY;
    c.srcPitch = c.dstPitch;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = p + BYTES;
    CONF_OK(cuMemcpy2DAsync_v2(&c, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(!memcmp(p + BYTES, wanted, BYTES));
}

CONF_POSITIVE(cuMemcpy2DAsync_v2, pageable_source_reusable)
{
    CUDA_MEMCPY2D c = rectangle();
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, 0));
    conf_fill(host_a, BYTES, 28);
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = cleared();
    model_2d(wanted, host_a, &c);
    CONF_OK(cuMemcpy2DAsync_v2(&c, s));
    memset(host_a, 0, BYTES);
    CONF_OK(cuStreamSynchronize(s));
    expect_device(c.dstDevice);
}

CONF_NEGATIVE(cuMemcpy2DAsync_v2, pitch_below_width)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.srcPitch = WIDTH - 1;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy2DAsync_v2(&c, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy2DAsync_v2, no_context)
{
    CUDA_MEMCPY2D c = rectangle();

    conf_device();
    CONF_RESULT(cuMemcpy2DAsync_v2(&c, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

static CUDA_MEMCPY3D box(void)
{
    return (CUDA_MEMCPY3D){
        .srcXInBytes = 1,
        .srcY = 2,
        .srcPitch = 150,
        .srcHeight = 30,
        .dstXInBytes = 4,
        .dstY = 3,
        .dstZ = 1,
        .dstPitch = PITCH,
        .dstHeight = ROWS,
        .WidthInBytes = WIDTH,
        .Height = 25,
        .Depth = 2,
    };
}

CONF_POSITIVE(cuMemcpy3D_v2, host_to_device)
{
    CUDA_MEMCPY3D c = box();

    conf_context();
    conf_fill(host_a, BYTES, 31);
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = cleared();
    model(wanted, host_a, &c);
    CONF_OK(cuMemcpy3D_v2(&c));
    expect_device(c.dstDevice);
}

CONF_POSITIVE(cuMemcpy3D_v2, device_to_host)
{
    CUDA_MEMCPY3D c = box();

    conf_context();
    conf_fill(host_a, BYTES, 32);
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = cleared();
    CONF_SETUP(cuMemcpyHtoD_v2(c.srcDevice, host_a, BYTES));
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = host_b;
    memset(host_b, 0, BYTES);
    model(wanted, host_a, &c);
    CONF_OK(cuMemcpy3D_v2(&c));
    CONF_EXPECT(!memcmp(host_b, wanted, BYTES));
}

CONF_NEGATIVE(cuMemcpy3D_v2, pitch_below_width)
{
    CUDA_MEMCPY3D c = box();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.srcPitch = WIDTH - 1;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy3D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy3D_v2, slice_below_rows)
{
    CUDA_MEMCPY3D c = box();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.srcHeight = c.Height - 1;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy3D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy3D_v2, no_context)
{
    CUDA_MEMCPY3D c = box();

    conf_device();
    CONF_RESULT(cuMemcpy3D_v2(&c), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuMemcpy3DAsync_v2, between_device_places)
{
    CUDA_MEMCPY3D c = box();
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_fill(host_a, BYTES, 33);
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = conf_memory(BYTES);
    CONF_SETUP(cuMemcpyHtoD_v2(c.srcDevice, host_a, BYTES));
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = cleared();
    model(wanted, host_a, &c);
    CONF_OK(cuMemcpy3DAsync_v2(&c, s));
    CONF_OK(cuStreamSynchronize(s));
    expect_device(c.dstDevice);
}

CONF_NEGATIVE(cuMemcpy3DAsync_v2, beyond_allocation)
{
    CUDA_MEMCPY3D c = box();

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = conf_memory(4u << 20);
    c.srcHeight = 1u << 20;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = host_b;
    CONF_RESULT(cuMemcpy3DAsync_v2(&c, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy3DAsync_v2, no_context)
{
    CUDA_MEMCPY3D c = box();

    conf_device();
    CONF_RESULT(cuMemcpy3DAsync_v2(&c, NULL), CUDA_ERROR_INVALID_CONTEXT);
}
