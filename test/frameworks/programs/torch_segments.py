# SPDX-License-Identifier: Apache-2.0
"""PyTorch with PYTORCH_ALLOC_CONF=expandable_segments:True: its memory is mapped piece by piece."""

import tensors
import told

torch = tensors.torch
MIB = 1 << 20


def segments():
    return sorted(segment["total_size"] // MIB for segment in torch.cuda.memory_snapshot()
                  if segment.get("is_expandable"))


tensors.require_cuda()
kept = []
for number in range(12):
    kept.append(torch.full(((number + 1) * 3 * MIB // 4,), float(number), device="cuda"))
told.value("segments", segments())
told.value("sums", [t.double().sum().item() / t.numel() for t in kept])
for number in range(0, 12, 2):
    kept[number] = None
torch.cuda.empty_cache()
told.value("after.segments", segments())
told.value("after.reserved", torch.cuda.memory_reserved())
big = torch.ones(200 * MIB // 4, device="cuda")
told.value("big", [big.sum().item(), segments()])
told.value("kept", [t.double().sum().item() / t.numel() for t in kept if t is not None])
a = tensors.made(512, 512)
tensors.tell("matmul", a @ a)
del kept, big, a
torch.cuda.empty_cache()
told.value("end.segments", segments())
told.done()
