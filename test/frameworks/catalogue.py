# SPDX-License-Identifier: Apache-2.0
"""The programs that are run natively and through us, and what each of them needs."""

import dataclasses
import sys
from pathlib import Path

import libraries

PROGRAMS = Path(__file__).resolve().parent / "programs"
# What a figure must reach, as a ratio of ours to native's: (at least, at most).
AIMS = {
    "gpt2_graph.tokens_per_s": (0.9, None),
    "gpt2_compiled.tokens_per_s": (0.9, None),
    "first_matmul.import_and_matmul cold": (None, 2.0),
    "first_matmul.import_and_matmul warm": (None, 1.2),
}
# Libraries say why they fail.
TALKATIVE = (("CUDNN_LOGERR_DBG", "1"), ("CUDNN_LOGDEST_DBG", "stderr"), ("CUBLASLT_LOG_LEVEL", "1"),
             ("NCCL_DEBUG", "WARN"))
# Waits and round trips of one operation of a region.
WAITS_MAX = 4.0


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    check: str
    command: tuple
    limit_s: int = 100
    # Timed programs run alone, several times, the two sides in turns.
    timed: bool = False
    alone: bool = False
    # Runs before everything else, so that what it loads is new to the stack.
    first: bool = False
    environment: tuple = ()


def python(name, check, *arguments, script=None, **options):
    command = (sys.executable, "-B", str(PROGRAMS / f"{script or name}.py"), *arguments)
    return Program(name, check, command, **options)


def everything(binaries):
    """binaries: the folder of the library programs."""
    return [
        python("first_matmul", "torch", timed=True, first=True),
        *(Program(name, "libraries", (str(binaries / name),), 60, environment=TALKATIVE)
          for name in libraries.WANTED),
        python("torch_basic", "torch"),
        python("torch_convolution", "torch"),
        python("torch_attention", "torch"),
        python("torch_copies", "torch"),
        python("torch_graphs", "torch"),
        python("torch_compile", "torch", limit_s=180),
        python("torch_compile_graphs", "torch", "reduce-overhead", script="torch_compile",
               limit_s=180),
        python("torch_segments", "torch",
               environment=(("PYTORCH_ALLOC_CONF", "expandable_segments:True"),)),
        python("torch_assert", "torch"),
        python("torch_two", "torch"),
        python("torch_loader", "torch"),
        python("jax_basic", "frameworks", limit_s=150),
        python("cupy_basic", "frameworks", limit_s=150),
        python("triton_basic", "frameworks", limit_s=150),
        python("numba_basic", "frameworks", limit_s=150),
        python("driver", "driver", limit_s=60),
        # What the runner itself is tried with.
        *(python(f"driver_{fault}", "faults", fault, script="driver", limit_s=20 if fault != "hang"
                 else 4) for fault in ("differ", "fail", "hang")),
        python("driver_timed", "faults", script="driver", limit_s=20, timed=True),
        python("torch_memory", "torch", alone=True, limit_s=120),
        python("gpt2_eager", "torch", "eager", script="gpt2", timed=True, limit_s=120),
        python("gpt2_graph", "torch", "graph", script="gpt2", timed=True, limit_s=120),
        python("gpt2_compiled", "torch", "compiled", script="gpt2", timed=True, limit_s=300),
        python("resnet50", "torch", timed=True, limit_s=120),
    ]
