# SPDX-License-Identifier: Apache-2.0
"""cuda_api.h: prototypes and the macros of base names."""

from .text import guard, parameters, wrap

INTRO = """/*
 * Prototypes of the Driver API calls that vgpu implements or uses, and the macros that
 * make a base name its current version, as in cuda.h.
 */

#include "proto/cuda_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

"""

# Base names whose current version in cuda.h 13.0 is still the unsuffixed one.
UNSUFFIXED = {"cuCtxGetDevice", "cuCtxSynchronize", "cuStreamGetCtx"}


def declared(calls):
    return [c for c in calls if c.args is not None and not c.internal]


def current(calls):
    """base -> symbol that the base name means."""
    newest = {}
    for call in declared(calls):
        if call.base in UNSUFFIXED:
            continue
        if call.base not in newest or newest[call.base].since < call.since:
            newest[call.base] = call
    return {b: c.name for b, c in sorted(newest.items()) if c.name != b}


def emit(calls, _limits):
    out = INTRO
    for call in declared(calls):
        out += wrap(f"CUresult CUDAAPI {call.name}", parameters(call.args), ";") + "\n"
        for symbol, _ in call.variants:
            out += wrap(f"CUresult CUDAAPI {symbol}", parameters(call.args), ";") + "\n"
    out += "\n"
    for base, name in current(calls).items():
        out += f"#define {base} {name}\n"
    out += "\n#ifdef __cplusplus\n}\n#endif\n"
    return {"cuda_api.h": guard("VGPU_CUDA_API_H", out)}
