# SPDX-License-Identifier: Apache-2.0
"""PyTorch: a device-side assert ends its own process's use of the GPU and nobody else's.

The parent is one bystander, a child that computes all the while another.
"""

import select
import subprocess
import sys

import tensors
import told

torch = tensors.torch


def tell_error(name, work):
    try:
        work()
        print(f"{name}: no error", flush=True)
    except RuntimeError as error:
        print(f"{name}: {str(error).splitlines()[0]}", flush=True)


def faulty():
    table, index = tensors.made(10, 4), torch.tensor([3, 99], device="cuda")
    torch.cuda.synchronize()

    def gather():
        table[index].sum().item()

    tell_error("assert", gather)
    tell_error("after", lambda: torch.ones(3, device="cuda").sum().item())
    tell_error("sync", torch.cuda.synchronize)


def bystander():
    a = tensors.made(512, 512, seed=5)
    first = tensors.raw(a @ a)
    print("started", flush=True)
    rounds = wrong = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        wrong += tensors.raw(a @ a) != first
        rounds += 1
    print(f"{wrong} wrong, enough rounds: {rounds > 20}", flush=True)


def child(role):
    return subprocess.Popen([sys.executable, "-B", __file__, role], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def parent():
    a = tensors.made(256, 256, seed=6)
    tensors.tell("before", a @ a)
    other = child("bystander")
    told.value("started", other.stdout.readline().strip())
    fault = child("faulty")
    out, _ = fault.communicate(timeout=60)
    told.value("faulty", out.splitlines())
    told.note("faulty.status", fault.returncode)
    out, _ = other.communicate("\n", timeout=60)
    told.value("bystander", [out.strip(), other.returncode])
    tensors.tell("after", a @ a)
    told.done()


tensors.require_cuda()
{"faulty": faulty, "bystander": bystander}.get(sys.argv[-1], parent)()
