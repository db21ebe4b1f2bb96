# SPDX-License-Identifier: Apache-2.0
"""Objects of the program that graphs keep alive."""

CALLS = [
    {
        "name": "cuUserObjectCreate",
        "base": "cuUserObjectCreate", "since": 11030, "class": "local",
        "args": [
            ("out", "CUuserObject *object_out"),
            ("user", "void *ptr"),
            ("callback", "CUhostFn destroy"),
            ("value", "unsigned int initialRefcount"),
            ("value", "unsigned int flags"),
        ],
        "before_init": ["INVALID_VALUE"],
        "doc": "Makes an object that graphs can keep alive.",
    },
    {
        "name": "cuUserObjectRetain",
        "base": "cuUserObjectRetain", "since": 11030, "class": "local",
        "args": [
            ("handle", "CUuserObject object"),
            ("value", "unsigned int count"),
        ],
        "doc": "Refers to a user object more often.",
    },
    {
        "name": "cuUserObjectRelease",
        "base": "cuUserObjectRelease", "since": 11030, "class": "local",
        "args": [
            ("handle", "CUuserObject object"),
            ("value", "unsigned int count"),
        ],
        "doc": "Refers to a user object less often.",
    },
    {
        "name": "cuGraphRetainUserObject",
        "base": "cuGraphRetainUserObject", "since": 11030, "class": "local",
        "args": [
            ("handle", "CUgraph graph"),
            ("handle", "CUuserObject object"),
            ("value", "unsigned int count"),
            ("value", "unsigned int flags"),
        ],
        "doc": "Has a graph keep a user object alive.",
    },
    {
        "name": "cuGraphReleaseUserObject",
        "base": "cuGraphReleaseUserObject", "since": 11030, "class": "local",
        "args": [
            ("handle", "CUgraph graph"),
            ("handle", "CUuserObject object"),
            ("value", "unsigned int count"),
        ],
        "negatives": 1, "negatives_why": "to release what is not held is undefined",
        "doc": "Has a graph let go of a user object.",
    },
]
