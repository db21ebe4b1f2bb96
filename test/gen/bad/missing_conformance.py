# SPDX-License-Identifier: Apache-2.0
# expect: missing_conformance.py:5: cuBad: missing conformance cases: 1 CONF_POSITIVE and 2 CONF_NEGATIVE

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [],
        "doc": "Does it.",
    },
]
