# SPDX-License-Identifier: Apache-2.0
"""A broker's control socket by hand: what vgpu-hostd says to it is kept."""

import contextlib
import os
import socket
import threading
import time

import host
from stack import PATIENCE_S, wait_for
import wire

VM_SET = ("", "id", "name", "uuid", "pool", "priority", "socket", "listener", "sessions_max",
          "memory_quota", "calls_per_s", "calls_burst", "bytes_per_s", "bytes_burst",
          "starts_own", "starts_per_s", "starts_burst")
QUESTIONS = {host.VMS: "vms", host.POOLS: "pools", host.GPUS: "gpus"}


class FakeBroker:
    """Takes one vgpu-hostd at a time.  `refuse`: {kind: text} that is refused."""

    def __init__(self, path, mute=False):
        self.path = str(path)
        self.mute = mute
        self.refuse = {}
        self.silent = set()
        self.rows = {"vms": [], "pools": [], "gpus": []}
        self.vms = {}
        self.pools = {}
        self.drained = {}
        self.identities = []
        self.commits = 0
        self.orders = []
        self.peer = None
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.ended = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """The broker's end: its sockets close, its control socket's file goes."""
        if self.ended:
            return
        self.ended = True
        self.listener.shutdown(socket.SHUT_RDWR)
        if self.peer:
            with contextlib.suppress(OSError):
                self.peer.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE_S)
        self.listener.close()
        for vm in self.vms.values():
            if vm["fd"] >= 0:
                os.close(vm["fd"])
        os.unlink(self.path)

    def drop(self):
        """Ends the connection; the broker itself goes on."""
        self.peer.socket.shutdown(socket.SHUT_RDWR)

    def wait_up(self, commits=1):
        wait_for(lambda: self.commits >= commits, f"{commits} HostCommits")

    def say(self, kind, fields):
        self.peer.send(wire.prefixed(wire.message({wire.KINDS[kind]: wire.message(fields)})))

    def tell_peer(self, name, pid, uid=0):
        """VmPeer; the verdict and its reason."""
        before = len(self.identities)
        self.say("vm_peer", {1: name, 2: pid, 3: uid})
        wait_for(lambda: len(self.identities) > before, "VmIdentity")
        got = self.identities[before]
        return got.get(4, 0), got.get(5, b"").decode()

    def _serve(self):
        while not self.ended:
            try:
                self.peer = wire.Peer(self.listener.accept()[0])
            except OSError:
                return
            with self.peer:
                self._talk()

    def _talk(self):
        while not self.ended:
            try:
                got = self.peer.receive(PATIENCE_S)
            except TimeoutError:
                continue
            if got is None:
                return
            if not self.mute:
                self._take(*got)

    def _take(self, kind, fields):
        self.orders.append((kind, fields))
        if kind == "ctl_hello":
            assert fields[2] == 1, fields
            self.say("ctl_welcome", {1: 1, 2: "fake", 3: "0", 4: os.getpid()})
            return
        if kind == "vm_identity":
            self.identities.append(fields)
            return
        while kind in self.silent:
            time.sleep(0.01)
        if kind in self.refuse:
            if kind == "vm_set":    # one that is there stays as it was
                self.named.add(fields[2].decode())
            self.say("ctl_end", {1: fields[1], 2: 22, 3: self.refuse[kind]})
            return
        getattr(self, "_" + kind)(fields)
        self.say("ctl_end", {1: fields[1]})

    def _ctl_ask(self, fields):
        for row in self.rows[QUESTIONS[fields[2]]]:
            self.say(QUESTIONS[fields[2]][:-1] + "_row", row)
        for name, vm in self.vms.items() if fields[2] == host.VMS else ():
            self.say("vm_row", {1: name, 5: "hostd", 6: vm["socket"], 18: vm.get("memory_quota", 0),
                                3: vm.get("pool", "")})

    def _host_begin(self, _):
        self.named = set()

    def _host_commit(self, _):
        for name in set(self.vms) - self.named:
            self._vm_remove({2: name.encode()})
        self.commits += 1

    def _vm_set(self, fields):
        vm = host.named(VM_SET, fields)
        before = self.vms.get(vm["name"], {"fd": -1})
        vm["fd"] = before["fd"]
        if vm.get("listener"):
            vm["fd"] = self.peer.fds.pop(0)
            if before["fd"] >= 0:
                os.close(before["fd"])
        self.vms[vm["name"]] = vm
        if hasattr(self, "named"):
            self.named.add(vm["name"])

    def _vm_remove(self, fields):
        vm = self.vms.pop(fields[2].decode())
        if vm["fd"] >= 0:
            os.close(vm["fd"])

    def _pool_set(self, fields):
        self.pools[fields[2].decode()] = fields.get(3)

    def _gpu_drain(self, fields):
        self.drained[fields[2].hex()] = fields.get(3, 0)
