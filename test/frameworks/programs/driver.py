# SPDX-License-Identifier: Apache-2.0
"""The Driver API by ctypes: what the runner itself is tried with where there is no framework.

    driver.py [differ|fail|hang]     faults that the runner must see
"""

import array
import ctypes
import os
import sys
import time

import told

COUNT = 1000
PTX = b"""
.version 7.0
.target sm_70
.address_size 64
.visible .entry scale(.param .u64 data, .param .u32 factor)
{
    .reg .b64 %a<3>;
    .reg .b32 %r<5>;
    ld.param.u64 %a0, [data];
    ld.param.u32 %r0, [factor];
    mov.u32 %r1, %ctaid.x;
    mul.wide.u32 %a1, %r1, 4;
    add.u64 %a2, %a0, %a1;
    ld.global.u32 %r2, [%a2];
    mul.lo.u32 %r3, %r2, %r0;
    st.global.u32 [%a2], %r3;
    ret;
}
"""
cuda = ctypes.CDLL("libcuda.so.1")


def call(name, *arguments):
    status = getattr(cuda, name)(*arguments)
    if status:
        raise SystemExit(f"{name}: {status}")


def launch(function, device, factor):
    values = [ctypes.c_uint64(device.value), ctypes.c_uint32(factor)]
    pointers = (ctypes.c_void_p * 2)(*(ctypes.addressof(value) for value in values))
    call("cuLaunchKernel", function, COUNT, 1, 1, 1, 1, 1, 0, None, pointers, None)


def prepare():
    """(device memory with 0, 1, 2..., the kernel)."""
    call("cuInit", 0)
    context, module, function, device = (ctypes.c_void_p() for _ in range(4))
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
    call("cuCtxSetCurrent", context)
    call("cuModuleLoadData", ctypes.byref(module), PTX)
    call("cuModuleGetFunction", ctypes.byref(function), module, b"scale")
    call("cuMemAlloc_v2", ctypes.byref(device), ctypes.c_size_t(4 * COUNT))
    data = array.array("I", range(COUNT))
    call("cuMemcpyHtoD_v2", device, ctypes.c_void_p(data.buffer_info()[0]), ctypes.c_size_t(4 * COUNT))
    return device, function


def fetch(device):
    data = array.array("I", bytes(4 * COUNT))
    call("cuMemcpyDtoH_v2", ctypes.c_void_p(data.buffer_info()[0]), device, ctypes.c_size_t(4 * COUNT))
    return data


def faulty(fault):
    ours = "VGPU_SOCKET" in os.environ
    if fault == "differ":
        told.value("side", ours)
        told.near("number", 1.0 + ours / 10, rel=0.01)
    elif fault == "fail" and ours:
        raise SystemExit("an error that was asked for")
    elif fault == "hang" and ours:
        time.sleep(1000)


def main():
    device, function = prepare()
    launch(function, device, 3)
    data = fetch(device)
    told.value("right", list(data) == [3 * i for i in range(COUNT)])
    told.content("data", data.tobytes())
    told.near("sum", float(sum(data)), rel=1e-9)
    with told.region("launches", 10, "launch") as region:
        for _ in range(10):
            launch(function, device, 1)
        fetch(device)
    told.figure("launches_per_s", 10 / region.seconds, "1/s", region.span)
    told.note("mode", sys.argv[1:])
    faulty(sys.argv[1] if len(sys.argv) > 1 else "")
    told.done()


main()
