# SPDX-License-Identifier: Apache-2.0
# expect: too_large.py:5: vgpuBad: does not fit a record

CALLS = [
    {
        "name": "vgpuBad", "class": "one_way", "host": "manual",
        "wire": {"args": [("bytes", "x", "2 * VGPU_PARAM_BYTES_MAX")], "ret": []},
        "doc": "Does it.",
    },
]
