# SPDX-License-Identifier: Apache-2.0
"""PyTorch: properties of the device, products in every precision, what stands around them."""

import tensors
import told

torch = tensors.torch


def properties():
    seen = torch.cuda.get_device_properties(0)
    for name in ("name", "major", "minor", "multi_processor_count", "total_memory", "warp_size",
                 "max_threads_per_multi_processor", "regs_per_multiprocessor", "L2_cache_size",
                 "shared_memory_per_block", "shared_memory_per_block_optin", "is_integrated",
                 "is_multi_gpu_board", "gcnArchName"):
        if hasattr(seen, name):
            told.value(f"properties.{name}", getattr(seen, name))
    told.value("properties.uuid", str(getattr(seen, "uuid", None)))
    told.value("count", torch.cuda.device_count())
    told.value("capability", torch.cuda.get_device_capability(0))
    told.value("arch_list", torch.cuda.get_arch_list())
    told.value("cudnn", torch.backends.cudnn.version())
    told.value("bf16", torch.cuda.is_bf16_supported())


def products():
    a, b = tensors.made(512, 768, seed=1), tensors.made(768, 640, seed=2)
    tensors.tell("matmul.fp32", a @ b)
    torch.backends.cuda.matmul.allow_tf32 = True
    tensors.tell("matmul.tf32", a @ b)
    torch.backends.cuda.matmul.allow_tf32 = False
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        tensors.tell(f"matmul.{dtype}", a.to(dtype) @ b.to(dtype))
    for size in (1, 17, 1024, 2048):
        x = tensors.made(size, size, seed=size)
        tensors.tell(f"matmul.square.{size}", x @ x)
    batch = tensors.made(16, 64, 96, dtype=torch.bfloat16)
    tensors.tell("bmm", torch.bmm(batch, batch.transpose(1, 2)))
    bias = tensors.made(640, seed=3)
    tensors.tell("addmm", torch.addmm(bias, a, b))
    tensors.tell("linear.gelu", torch.nn.functional.gelu(torch.nn.functional.linear(a, b.T, bias)))


def elementwise():
    x = tensors.made(1000, 1001, seed=4)
    tensors.tell("sin", x.sin())
    tensors.tell("softmax", torch.softmax(x, 1))
    tensors.tell("layer_norm", torch.nn.functional.layer_norm(x, (1001,)))
    tensors.tell("sum", x.sum())
    tensors.tell("sum.rows", x.sum(1))
    tensors.tell_near("cumsum", x.cumsum(1), 1e-5, 1e-3)
    tensors.tell("sort", x.sort(1).values)
    tensors.tell("topk", x.topk(7, 1).indices)
    tensors.tell("nonzero", (x > 2).nonzero())
    tensors.tell("unique", (x * 4).round().unique())
    tensors.tell("where", torch.where(x > 0, x, -x))
    tensors.tell("gather", x.gather(1, (x > 0).long()))
    tensors.tell("fft", torch.view_as_real(torch.fft.fft(x[:128, :1000])))
    tensors.tell("solve", torch.linalg.solve(x[:200, :200], x[:200, 200:210]))
    tensors.tell_near("svd", torch.linalg.svdvals(x[:64, :64]))


def random_numbers():
    torch.manual_seed(7)
    tensors.tell("rand", torch.rand(4097, device="cuda"))
    tensors.tell("randn", torch.randn(4097, device="cuda"))
    tensors.tell("randint", torch.randint(0, 1000, (4097,), device="cuda"))
    tensors.tell("dropout", torch.nn.functional.dropout(torch.ones(4097, device="cuda"), 0.3))


def gradients():
    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.Tanh(), torch.nn.Linear(128, 10))
    model = model.cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    x, y = tensors.made(32, 64), torch.arange(32, device="cuda") % 10
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    told.value("losses", losses)
    tensors.tell("weights", model[0].weight)


tensors.require_cuda()
told.note("torch", torch.__version__)
properties()
products()
elementwise()
random_numbers()
gradients()
torch.cuda.synchronize()
told.done()
