# SPDX-License-Identifier: Apache-2.0
"""Tensors for the PyTorch programs: made the same everywhere, told as bytes."""

import told

torch = told.need("torch")


def made(*shape, seed=1, dtype=None):
    """Numbers from the CPU's generator, on the GPU."""
    generator = torch.Generator().manual_seed(seed)
    tensor = torch.randn(*shape, generator=generator)
    return tensor.to("cuda", dtype=dtype or torch.float32)


def raw(tensor):
    flat = tensor.detach().to("cpu").contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()


def tell(name, tensor):
    """Every byte must be equal; the sums say how far off it is when not."""
    numbers = tensor.detach().to("cpu").to(torch.float64)
    told.content(name, raw(tensor), sum=numbers.sum().item(), size=numbers.abs().sum().item())


def tell_near(name, tensor, rel=1e-4, absolute=1e-4):
    """A few numbers of it, within a tolerance: for kernels that add in any order."""
    numbers = tensor.detach().to("cpu").to(torch.float64).reshape(-1)
    step = max(1, numbers.numel() // 16)
    told.near(name, numbers[::step][:16].tolist() + [numbers.abs().mean().item()], rel, absolute)


def require_cuda():
    if not torch.cuda.is_available():
        raise SystemExit("torch.cuda.is_available() is false")
