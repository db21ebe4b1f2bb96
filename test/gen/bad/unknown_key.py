# SPDX-License-Identifier: Apache-2.0
# expect: unknown_key.py:5: unknown key 'clas'

CALLS = [
    {"name": "cuBad", "clas": "local"},
]
