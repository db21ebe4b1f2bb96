# SPDX-License-Identifier: Apache-2.0
"""PyTorch from the start of the process to the first product: what a user waits for."""

import os
import time

import told

entered = time.monotonic()
torch = told.need("torch")
imported = time.monotonic()
a = torch.ones(256, 256, device="cuda")
total = (a @ a).sum().item()
ended = time.monotonic()
begun = float(os.environ.get("VGPU_PROGRAM_BEGUN", entered))
told.value("total", total)
told.figure("import_and_matmul", ended - begun, "s", (begun, ended), "lower")
told.figure("matmul_after_import", ended - imported, "s", (imported, ended), "lower")
told.done()
