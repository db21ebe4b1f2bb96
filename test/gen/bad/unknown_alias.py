# SPDX-License-Identifier: Apache-2.0
# expect: unknown_alias.py:5: cuBad: alias of unknown base 'cuBad_v2'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [],
        "doc": "Does it.",
        "alias_of": "cuBad_v2",
    },
]
