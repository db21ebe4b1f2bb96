# SPDX-License-Identifier: Apache-2.0
"""PyTorch: memory statistics, and out of memory that the program survives.  Needs the GPU alone."""

import tensors
import told

torch = tensors.torch
GIB = 1 << 30


def statistics():
    kept = [torch.empty(size, dtype=torch.uint8, device="cuda")
            for size in (100, 5000, 1 << 20, 3 << 20, 40 << 20)]
    told.value("allocated", torch.cuda.memory_allocated())
    told.value("reserved", torch.cuda.memory_reserved())
    told.value("stats.keys", sorted(torch.cuda.memory_stats()))
    stats = torch.cuda.memory_stats()
    told.value("stats", {key: stats.get(key) for key in (
        "allocation.all.current", "segment.all.current", "active_bytes.all.peak",
        "inactive_split_bytes.all.current", "num_alloc_retries", "num_ooms")})
    del kept


def told_by_driver():
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info()
    told.value("total", total)
    told.note("free", free)
    kept = torch.empty(2 * GIB, dtype=torch.uint8, device="cuda")
    less, again = torch.cuda.mem_get_info()
    told.value("plausible", [0 < free <= total, again == total,
                             2 * GIB <= free - less <= 2 * GIB + GIB // 4])
    told.note("less", free - less)
    del kept
    torch.cuda.empty_cache()
    back, _ = torch.cuda.mem_get_info()
    told.value("back", abs(back - free) <= GIB // 4)


def at_once():
    _, total = torch.cuda.mem_get_info()
    try:
        torch.empty(total + GIB, dtype=torch.uint8, device="cuda")
        told.value("at_once", "no error")
    except torch.cuda.OutOfMemoryError as error:
        told.value("at_once", str(error).split(". GPU")[0])


def piece_by_piece():
    kept = []
    try:
        while len(kept) < 400:
            kept.append(torch.full((GIB,), len(kept) % 250, dtype=torch.uint8, device="cuda"))
        told.value("full", "no error")
    except torch.cuda.OutOfMemoryError as error:
        told.value("full", str(error).split(". GPU")[0])
    told.near("pieces", len(kept), absolute=2)
    told.value("intact", all(t[0].item() == t[-1].item() == n % 250 for n, t in enumerate(kept)))
    kept.clear()
    torch.cuda.empty_cache()


tensors.require_cuda()
statistics()
told_by_driver()
at_once()
piece_by_piece()
a = tensors.made(256, 256)
tensors.tell("matmul_after", a @ a)
told.value("ooms", torch.cuda.memory_stats()["num_ooms"])
told.done()
