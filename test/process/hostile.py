# SPDX-License-Identifier: Apache-2.0
"""Calls of a guest without a library: well framed, with any value, known and unknown objects."""

import random
import re
import struct
import sys
from pathlib import Path

import wire

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "proto"))

from gen import check, encode, table, wire as ops  # noqa: E402

LIMITS = table.load_limits(ROOT / "proto/limits.h")
CALLS = table.load(ROOT / "proto/api")
check.check(CALLS, LIMITS)
IDS = {call.name: ops.operation_id(call, LIMITS) for call in ops.operations(CALLS)}
HOST_CALL = IDS["vgpuHostCall"]
# What a guest says.
OPERATIONS = [call for call in ops.operations(CALLS) if call.name != "vgpuHostCall"]
BY_NAME = {call.name: call for call in OPERATIONS}

SIZES = (0, 1, 2, 3, 4, 7, 8, 9, 16, 31, 64, 100, 255, 256, 1024, 4095, 4096, 65536, 1 << 20,
         1 << 21, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, 1 << 47, 1 << 63, (1 << 64) - 4096,
         (1 << 64) - 1)
SMALL = (0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 32, 0x20, 0x100, 0xffff, 0x10000,
         0x7fffffff, 0x80000000, 0xffffffff)
# How often a value is one that may be good, and how often an order is that keeps the session.
USUAL = 0.8
ORDERLY = 0.997
BYTES_USUAL = 256
# Sizes that fit somewhere.
SIZES_USUAL = 14
# Where an image and data lie in the channel.
IMAGE_AT = wire.DATA_AT
# Where a guest maps memory (proto/address.h).
ZONE = (0x640000000000, 0x240000000000, 0x7ecc00000000)[wire.CANDIDATE]
GRANULARITY = 1 << 21
# Structures that byte strings are made of.
UNITS = {"attributes": 72, "operations": 24, "options": 16, "value": 64, "shape": 144, "map": 128,
         "texture": 128, "view": 128, "deps": 4}
NAMES = (b"noop", b"store", b"struct_param", b"no_such_kernel", b"", b"\0", b"\xff" * 300)


class Caller:
    """Chooses calls for one session, and learns from its answers."""

    def __init__(self, seed, channel_bytes, image_bytes):
        self.random = random.Random(seed)
        self.channel_bytes = channel_bytes
        self.image_bytes = image_bytes
        self.handles = {kind: [] for kind in ops.HANDLE_KINDS}
        self.numbers = [IMAGE_AT, IMAGE_AT + 65536, channel_bytes - 4096]
        self.addresses = []
        self.graph = None
        self.kinds = {}  # of a graph's nodes, by its handle: operations
        self.calls = []  # host functions that run
        self.asked = {}
        self.batches = self.sequence = 0

    def minted(self, kind):
        """A new object's handle, mostly one that nobody has."""
        index = 1 + len(self.handles[kind])
        if self.random.random() > USUAL:
            index = self.random.choice(SMALL)
        handle = ops.HANDLE_NUMBERS[kind] << 56 | 1 << 32 | index & 0xffffffff
        self.handles[kind].append(handle)
        return handle

    def handle(self, kind):
        known = self.handles[kind]
        if known and self.random.random() < USUAL:
            return self.random.choice(known[-8:])
        number = self.random.choice((ops.HANDLE_NUMBERS[kind], self.random.randrange(32)))
        return self.random.choice((0, number << 56 | self.random.choice((0, 1, 2, 0xffffff)) << 32
                                   | self.random.choice(SMALL), self.random.getrandbits(64)))

    def number(self, item):
        name = item.name
        if self.random.random() < USUAL:
            if name == "image_offset":
                return IMAGE_AT
            if name in ("image_size", "size"):
                return self.image_bytes
            if name in ("offset", "from", "at"):
                return self.random.choice((IMAGE_AT, IMAGE_AT, IMAGE_AT, IMAGE_AT + 4096,
                                           self.channel_bytes - 8, 0))
            if name in ("dst", "src", "address", "dptr", "object"):
                return self.address()
            return self.random.choice(SIZES[:SIZES_USUAL])
        return self.random.choice((self.random.choice(SIZES), self.random.choice(self.numbers),
                                   self.random.getrandbits(64)))

    def address(self):
        """In device memory or behind it, of an array, or in the window."""
        near = self.random.choice(self.addresses or self.numbers)
        return self.random.choice((near, near, near, near, near,
                                   near + self.random.choice((1, 4, 4096)),
                                   ZONE + self.random.randrange(8) * GRANULARITY,
                                   self.handle("array"), self.random.choice(self.numbers)))

    def text(self, item):
        bound = ops.bound_value(item.bound, LIMITS)
        if item.name == "name":
            return self.random.choice(NAMES)[:bound]
        if item.name == "deps":
            earlier = len(self.kinds.get(self.graph, ())) - 1
            return b"".join(struct.pack("<I", self.random.randrange(earlier))
                            for _ in range(self.random.choice((0, 0, 1, 2, 3))) if earlier > 0)
        if item.name == "key":
            return self.random.choice((b"", bytes(32), self.random.randbytes(31)))
        if item.name in UNITS and self.random.random() < USUAL:
            unit = UNITS[item.name]
            return self.words(unit * self.random.randrange(1 + min(3, bound // unit)))
        if self.random.random() < USUAL / 2:
            return b""
        most = bound if self.random.random() > USUAL else min(bound, BYTES_USUAL)
        return self.words(self.random.randrange(most + 1))

    def words(self, size):
        """So many bytes of small numbers, mostly 0, and of addresses."""
        words = [self.random.choice((0, 0, 0, self.random.choice(SMALL),
                                     self.random.choice(self.numbers) & 0xffffffff))
                 for _ in range(size // 4 + 1)]
        return struct.pack(f"<{len(words)}I", *words)[:size]

    def value(self, call, item):
        if item.kind == "handle":
            handle = self.minted(item.handle) if item.new else self.handle(item.handle)
            self.graph = handle if item.handle == "graph" else self.graph
            return handle
        if call.name == "vgpuHostDone" and self.calls:
            return self.calls.pop(0)
        if item.kind == "u64":
            return self.number(item)
        if item.kind == "u32":
            if item.name == "lane" and self.random.random() < ORDERLY:
                return self.random.randrange(64)
            if item.name == "node" and self.random.random() < ORDERLY:
                return self.node(call)
            return self.random.choice(SMALL)
        if item.kind == "i32":
            return self.random.choice((-1, -(1 << 31), *range(10), 1 << 30))
        if item.kind == "f32":
            return self.random.choice((0.0, 1.0, -1.0, float("nan")))
        return self.text(item)

    def node(self, call):
        """The next node of the graph, or when it is built one of the same kind."""
        kinds = self.kinds.setdefault(self.graph, [])
        if call.name == "vgpuGraphEnable":
            return self.random.randrange(len(kinds) + 1)
        if self.built(self.graph):
            same = [node for node, kind in enumerate(kinds) if kind == call.name]
            return self.random.choice(same) if same else 0
        kinds.append(call.name)
        return len(kinds) - 1

    def built(self, graph):
        return "cuGraphInstantiateWithFlags" in self.kinds.get(graph, ())

    def wanted(self):
        """Any operation, but seldom one that ends objects, or only the session."""
        while True:
            call = self.random.choice(OPERATIONS)
            ends = re.search("Destroy|Unload|Release|Free", call.name) is not None
            lost = call.name == "vgpuHostDone" and not self.calls
            if self.random.random() >= (ORDERLY if lost else USUAL if ends else 0):
                return call

    def batch(self, size):
        """The next records: first of calls that succeed, so that there are objects to misuse."""
        self.batches += 1
        if self.batches == 1:
            return self.records(self.beginning())
        if self.batches == 2:
            return self.records(self.going_on())
        return self.records((None, {}) for _ in range(size))

    def records(self, calls):
        return b"".join(self.record(BY_NAME[name] if name else self.wanted(), values)
                        for name, values in calls)

    def beginning(self):
        yield "cuModuleLoadDataEx", {"image_offset": IMAGE_AT, "image_size": self.image_bytes,
                                     **dict.fromkeys(("in_parts", "info_log_size", "policy",
                                                      "error_log_size"), 0),
                                     "options": b"", "key": b""}
        yield "vgpuHostRegister", {"offset": IMAGE_AT, "bytes": 1 << 20}
        for size in (64, 65536, 1 << 21):
            yield "cuMemAlloc_v2", {"bytesize": size}
        for name, values in (("cuStreamCreateWithPriority", {"flags": 1, "priority": 0}),
                             ("cuEventCreate", {"flags": 0}), ("vgpuGraphNew", {})):
            yield name, values
            yield name, values
        yield "vgpuPhysicalCreate", {"bytes": 1 << 21, "compression": 0}
        yield "cuLinkCreate_v2", {"info_log_size": 64, "error_log_size": 64, "options": b""}
        for levels in (0, 2):
            yield "vgpuMipmapCreate" if levels else "vgpuArrayCreate", {
                "width": 32, "height": 16, "depth": 0, "format": 0x20, "channels": 4, "flags": 2,
                "levels": levels}

    def going_on(self):
        for name in NAMES[:3]:
            yield "cuModuleGetFunction", {"name": name}
        yield "vgpuSurfaceCreate", {}
        yield "vgpuMap", {"address": ZONE}
        yield "vgpuSetAccess", {"address": ZONE, "bytes": GRANULARITY, "flags": 3}

    def record(self, call, values):
        """A record of the operation, with these values and any others."""
        self.sequence += 1
        body = encode.body(call.wire_args,
                           {item.name: values[item.name] if item.name in values else
                            self.value(call, item) for item in call.wire_args})
        if call.name == "vgpuGraphNew":
            self.kinds[self.graph] = []
        elif call.name == "cuGraphInstantiateWithFlags":
            self.kinds.setdefault(self.graph, []).append(call.name)
        flags = wire.RECORD_ANSWER if self.random.random() < ORDERLY else 0
        lane = self.random.choice((0, 0, 0, 1, 5))
        if flags:
            self.asked[self.sequence] = call
        return wire.record(IDS[call.name], body, self.sequence, lane, flags)

    def hear(self, body):
        """A host function is to run."""
        self.calls.append(struct.unpack_from("<QQ", body)[1])

    def learn(self, sequence, body):
        """Keeps the objects and numbers of a good answer; its call's name and result."""
        call = self.asked.pop(sequence, None)
        if call is None or len(body) < 8:
            return None
        result = struct.unpack_from("<i", body)[0]
        if result == 0 and call.wire_ret:
            for name, value in encode.unbody(call.wire_ret, body[8:]).items():
                item = next(item for item in call.wire_ret if item.name == name)
                if item.kind == "handle":
                    self.handles[item.handle].append(value)
                elif item.kind == "u64":
                    (self.addresses if name == "dptr" else self.numbers).append(value)
        return call.name, result
