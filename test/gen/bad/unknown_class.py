# SPDX-License-Identifier: Apache-2.0
# expect: unknown_class.py:5: cuBad: unknown class 'remote'

CALLS = [
    {"name": "cuBad", "base": "cuBad", "since": 2000, "class": "remote", "args": [], "doc": "Does it."},
]
