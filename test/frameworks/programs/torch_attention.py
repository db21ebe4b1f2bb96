# SPDX-License-Identifier: Apache-2.0
"""PyTorch: scaled_dot_product_attention by each of its implementations."""

import tensors
import told

torch = tensors.torch
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402


def run(name, backend, dtype):
    shape = (2, 8, 256, 64)
    q, k, v = (tensors.made(*shape, seed=seed, dtype=dtype).requires_grad_(True)
               for seed in (1, 2, 3))
    try:
        with sdpa_kernel(backend):
            y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    except RuntimeError as error:
        told.value(f"{name}.refused", str(error).splitlines()[0])
        return
    tensors.tell(f"{name}.forward", y)
    y.float().square().mean().backward()
    # Backward kernels add with atomics.
    for label, tensor in (("q", q), ("k", k), ("v", v)):
        tensors.tell_near(f"{name}.gradient.{label}", tensor.grad, 1e-2, 1e-6)


tensors.require_cuda()
for chosen in ("MATH", "EFFICIENT_ATTENTION", "FLASH_ATTENTION", "CUDNN_ATTENTION"):
    if hasattr(SDPBackend, chosen):
        for kind in (torch.float32, torch.float16, torch.bfloat16):
            run(f"{chosen}.{kind}", getattr(SDPBackend, chosen), kind)
a = tensors.made(2, 4, 33, 32, dtype=torch.float16)
tensors.tell("default", torch.nn.functional.scaled_dot_product_attention(a, a, a))
layer = torch.nn.TransformerEncoderLayer(64, 4, batch_first=True, dropout=0.0)
torch.manual_seed(1)
for parameter in layer.parameters():
    torch.nn.init.normal_(parameter, std=0.05)
tensors.tell("encoder", layer.cuda().eval()(tensors.made(2, 20, 64)))
told.done()
