# SPDX-License-Identifier: Apache-2.0
"""CuPy: elementwise work, its own kernels, transforms, linear algebra, streams and pools."""

import told

cupy = told.need("cupy")
numpy = told.need("numpy")

SCALE = r"""
extern "C" __global__ void scale(const float *in, float *out, float factor, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        out[i] = in[i] * factor + i;
    }
}
"""


def made(*shape, seed=1):
    return cupy.asarray(numpy.random.RandomState(seed).standard_normal(shape).astype(numpy.float32))


def tell(name, array):
    told.array(name, cupy.asnumpy(array))


def tell_near(name, array, rel=1e-4, absolute=1e-5):
    told.near_array(name, cupy.asnumpy(array), rel, absolute)


def device():
    found = cupy.cuda.runtime.getDeviceProperties(0)
    told.value("name", found["name"].decode())
    told.value("memory", cupy.cuda.Device(0).mem_info[1])
    told.value("driver", cupy.cuda.runtime.driverGetVersion())


def elementwise():
    x = made(1000, 500)
    tell("elementwise", cupy.sqrt(cupy.abs(x)) * 2 + cupy.sin(x))
    tell("sum", x.sum(axis=1))
    tell("argmax", x.argmax(axis=1))
    tell("sort", cupy.sort(x, axis=1))
    tell("compare", x[x > 1.5])
    tell("cumsum", cupy.cumsum(x.astype(cupy.int64)))
    kernel = cupy.ElementwiseKernel("float32 a, float32 b", "float32 c", "c = a * a - b", "squares")
    tell("ElementwiseKernel", kernel(x, x.T.reshape(1000, 500)))
    reduction = cupy.ReductionKernel("float32 a", "float32 c", "a * a", "a + b", "c = sqrt(a)", "0",
                                     "length_of")
    tell("ReductionKernel", reduction(x, axis=1))


def raw():
    x = made(10000)
    for name, options in (("nvrtc", ()), ("fast_math", ("--use_fast_math",))):
        kernel = cupy.RawKernel(SCALE, "scale", options=options)
        out = cupy.zeros_like(x)
        kernel((40,), (256,), (x, out, cupy.float32(1.5), cupy.int32(x.size)))
        tell(f"RawKernel.{name}", out)
    told.value("attributes", {key: kernel.attributes[key] for key in (
        "max_threads_per_block", "num_regs", "shared_size_bytes", "local_size_bytes")})


def libraries():
    x = made(256, 256)
    tell("matmul", x @ x)
    tell("fft", cupy.fft.fft(x))
    tell("fft2", cupy.fft.rfft2(x))
    tell("solve", cupy.linalg.solve(x[:100, :100], x[:100, 100:102]))
    tell_near("inverse", cupy.linalg.inv(x[:50, :50]), 1e-3, 1e-3)
    tell_near("svd", cupy.linalg.svd(x[:60, :60], compute_uv=False))
    tell_near("eigenvalues", cupy.linalg.eigvalsh(x[:60, :60] + x[:60, :60].T))
    generator = cupy.random.RandomState(5)
    tell("random", generator.uniform(size=1001, dtype=cupy.float32))
    tell("normal", generator.normal(size=1000, dtype=cupy.float32))


def memory():
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    kept = cupy.zeros(1 << 20, dtype=cupy.uint8)
    told.value("pool", [pool.used_bytes(), pool.total_bytes()])
    pinned = cupy.cuda.alloc_pinned_memory(4096)
    told.value("pinned", pinned.mem.size)
    with cupy.cuda.Stream(non_blocking=True) as stream:
        kept += 3
        total = kept.astype(cupy.int64).sum()
        stream.synchronize()
    told.value("stream", int(total))
    with cupy.cuda.using_allocator(cupy.cuda.malloc_async):
        tell("malloc_async", cupy.arange(1000) * 3)


told.note("cupy", cupy.__version__)
device()
elementwise()
raw()
libraries()
memory()
told.done()
