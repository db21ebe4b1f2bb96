# SPDX-License-Identifier: Apache-2.0
# expect: no_wire_form.py:5: cuBad: argument 'name' has no wire form of its own; give the operation a 'wire' list

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "round_trip", "host": "auto",
        "args": [("string", "const char *name", "VGPU_NAME_BYTES_MAX")],
        "doc": "Does it.",
    },
]
