# SPDX-License-Identifier: Apache-2.0
"""Triton: vector add, softmax and matrix product, as its tutorials write them."""

import tensors
import told

torch = tensors.torch
triton = told.need("triton")
tl = told.need("triton.language")


@triton.jit
def add_kernel(x, y, out, count, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    tl.store(out + at, tl.load(x + at, mask=inside) + tl.load(y + at, mask=inside), mask=inside)


@triton.jit
def softmax_kernel(source, out, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    x = tl.load(source + row * columns + at, mask=at < columns, other=-float("inf"))
    x = tl.exp(x - tl.max(x, axis=0))
    tl.store(out + row * columns + at, x / tl.sum(x, axis=0), mask=at < columns)


@triton.jit
def matmul_kernel(a, b, c, size, BLOCK: tl.constexpr):
    rows = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    steps = tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK, BLOCK), dtype=tl.float32)
    for k in range(0, size, BLOCK):
        left = tl.load(a + rows[:, None] * size + (k + steps)[None, :])
        right = tl.load(b + (k + steps)[:, None] * size + columns[None, :])
        total += tl.dot(left, right)
    tl.store(c + rows[:, None] * size + columns[None, :], total.to(tl.float16))


tensors.require_cuda()
told.note("triton", triton.__version__)
first, second = tensors.made(98432, seed=1), tensors.made(98432, seed=2)
result = torch.empty_like(first)
add_kernel[(triton.cdiv(98432, 1024),)](first, second, result, 98432, BLOCK=1024)
tensors.tell("add", result)
told.value("add.right", torch.equal(result, first + second))
x = tensors.made(300, 781)
y = torch.empty_like(x)
softmax_kernel[(300,)](x, y, 781, BLOCK=1024)
tensors.tell("softmax", y)
told.value("softmax.right", torch.allclose(y, torch.softmax(x, 1), atol=1e-6))
m, n = (tensors.made(512, 512, seed=seed, dtype=torch.float16) for seed in (3, 4))
p = torch.empty_like(m)
matmul_kernel[(8, 8)](m, n, p, 512, BLOCK=64)
tensors.tell("matmul", p)
told.value("matmul.right", torch.allclose(p, m @ n, atol=0.2, rtol=1e-2))
told.done()
