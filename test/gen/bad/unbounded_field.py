# SPDX-License-Identifier: Apache-2.0
# expect: unbounded_field.py:5: vgpuBad: unbounded length: field 'name'

CALLS = [
    {
        "name": "vgpuBad", "class": "one_way", "host": "manual",
        "wire": {"args": [("bytes", "name")], "ret": []},
        "doc": "Does it.",
    },
]
