# SPDX-License-Identifier: Apache-2.0
"""PyTorch: torch.compile with Triton.

    torch_compile.py [MODE]      default or reduce-overhead
"""

import sys

import tensors
import told

torch = tensors.torch


def block(x, weight, scale):
    y = torch.nn.functional.gelu(x @ weight)
    return torch.softmax(y * scale + x.mean(1, keepdim=True), 1)


def inference(mode):
    compiled = torch.compile(block, mode=mode)
    weight = tensors.made(128, 256, seed=2) * 0.1
    for seed in (1, 1, 3, 4):
        x = tensors.made(64, 128, seed=seed)
        y = compiled(x, weight, 1.5).clone()
        # The compiler chooses among kernels by their measured time: they may add in any order.
        tensors.tell_near(f"block.{seed}", y, 1e-5, 1e-6)
        apart = (y - block(x, weight, 1.5)).abs().max().item()
        told.value(f"block.{seed}.near_eager", apart < 1e-5)


def training(mode):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(64, 96), torch.nn.SiLU(), torch.nn.LayerNorm(96),
                                torch.nn.Linear(96, 8)).cuda()
    step = torch.compile(lambda x, y: torch.nn.functional.mse_loss(model(x), y), mode=mode)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    x, y = tensors.made(32, 64), tensors.made(32, 8, seed=9)
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = step(x, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    told.near("losses", losses, 1e-5, 1e-7)


def counters():
    from torch._dynamo.utils import counters as kept
    told.note("inductor", {key: dict(kept[key]) for key in ("inductor", "stats")})


tensors.require_cuda()
chosen = sys.argv[1] if len(sys.argv) > 1 else "default"
inference(chosen)
training(chosen)
counters()
torch.cuda.synchronize()
told.done()
