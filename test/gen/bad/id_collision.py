# SPDX-License-Identifier: Apache-2.0
# expect: id_collision.py:10: vgpuTest622382: id collision with vgpuTest439599: 0x0103bfba; rename a field

CALLS = [
    {
        "name": "vgpuTest439599", "class": "one_way", "host": "manual",
        "wire": {"args": [("u64", "x")], "ret": []},
        "doc": "Does it.",
    },
    {
        "name": "vgpuTest622382", "class": "one_way", "host": "manual",
        "wire": {"args": [("u64", "x")], "ret": []},
        "doc": "Does it.",
    },
]
