# SPDX-License-Identifier: Apache-2.0
"""numba.cuda: a kernel, shared memory, atomics, streams."""

import told

numpy = told.need("numpy")
numba = told.need("numba")
cuda = told.need("numba.cuda")
THREADS = 128


@cuda.jit
def saxpy(a, x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] += a * x[i]


@cuda.jit
def block_sums(x, out):
    kept = cuda.shared.array(THREADS, numba.float32)
    t = cuda.threadIdx.x
    i = cuda.grid(1)
    kept[t] = x[i] if i < x.size else 0.0
    cuda.syncthreads()
    step = THREADS // 2
    while step > 0:
        if t < step:
            kept[t] += kept[t + step]
        cuda.syncthreads()
        step //= 2
    if t == 0:
        out[cuda.blockIdx.x] = kept[0]


@cuda.jit
def histogram(x, bins):
    i = cuda.grid(1)
    if i < x.size:
        cuda.atomic.add(bins, x[i] % bins.size, 1)


def registered(x, y):
    """Memory of the program that is pinned where it lies."""
    try:
        with cuda.pinned(x):
            saxpy[1, THREADS](numpy.float32(1.0), cuda.to_device(x), y)
            told.value("registered", "works")
    except Exception as error:
        told.value("registered", str(error)[:200])


def main():
    if not cuda.is_available():
        raise SystemExit("numba.cuda.is_available() is false")
    name = cuda.get_current_device().name
    told.value("device", name.decode() if isinstance(name, bytes) else name)
    told.note("numba", numba.__version__)
    x = numpy.random.RandomState(1).standard_normal(10000).astype(numpy.float32)
    blocks = (x.size + THREADS - 1) // THREADS
    y = cuda.to_device(numpy.ones_like(x))
    saxpy[blocks, THREADS](numpy.float32(2.5), cuda.to_device(x), y)
    told.content("saxpy", y.copy_to_host().tobytes())
    sums = cuda.device_array(blocks, numpy.float32)
    block_sums[blocks, THREADS](cuda.to_device(x), sums)
    told.content("block_sums", sums.copy_to_host().tobytes())
    numbers = numpy.arange(10000, dtype=numpy.int32) ** 2 % 1009
    bins = cuda.to_device(numpy.zeros(37, numpy.int32))
    histogram[blocks, THREADS](cuda.to_device(numbers), bins)
    told.value("histogram", bins.copy_to_host().tolist())
    stream = cuda.stream()
    host = cuda.pinned_array(x.size, numpy.float32)
    host[:] = x
    there = cuda.to_device(host, stream=stream)
    saxpy[blocks, THREADS, stream](numpy.float32(1.0), there, y)
    stream.synchronize()
    told.content("stream", y.copy_to_host().tobytes())
    registered(x, y)
    told.done()


main()
