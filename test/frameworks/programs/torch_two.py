# SPDX-License-Identifier: Apache-2.0
"""PyTorch in two processes at once: neither sees the other's memory, both are right."""

import subprocess
import sys

import tensors
import told

torch = tensors.torch


def work(seed):
    a = tensors.made(1024, 1024, seed=seed)
    kept = torch.full((64 << 20,), seed, dtype=torch.uint8, device="cuda")
    print("started", flush=True)
    sys.stdin.readline()
    for number in range(200):
        a = torch.sin(a @ a / 32 + number)
    tensors.tell(f"result.{seed}", a)
    told.value(f"kept.{seed}", bool((kept == seed).all()))
    told.value(f"allocated.{seed}", torch.cuda.memory_allocated())


def child(seed):
    return subprocess.Popen([sys.executable, "-B", __file__, str(seed)], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def parent():
    both = [child(seed) for seed in (1, 2)]
    for process in both:
        process.stdout.readline()
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in both:
        out, _ = process.communicate(timeout=90)
        sys.stdout.write(out)
    told.value("status", [process.returncode for process in both])
    told.done()


if len(sys.argv) > 1:
    tensors.require_cuda()
    work(int(sys.argv[1]))
else:
    parent()
