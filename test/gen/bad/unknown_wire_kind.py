# SPDX-License-Identifier: Apache-2.0
# expect: unknown_wire_kind.py:5: vgpuBad: unknown kind 'u16' of field 'x'

CALLS = [
    {
        "name": "vgpuBad", "class": "one_way", "host": "manual",
        "wire": {"args": [("u16", "x")], "ret": []},
        "doc": "Does it.",
    },
]
