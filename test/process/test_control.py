#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker's control socket: who may open it, what it tells, and that nobody waits for it."""

import contextlib
import os
import socket
import stat
import time
import unittest

import control
import wire
from case import GUEST, PATIENCE_S, StackCase, main, wait_for
from control import BROKER, GPUS, POOLS, SESSIONS, VMS, Client
from fake_device import Device
from test_misuse import NOBODY, connect_as

FLOODS = 2


class Control(StackCase):
    vms = ("alpha", "beta")

    def client(self, role=control.TOOL):
        client = Client(self.stack.control_socket, PATIENCE_S, role)
        self.addCleanup(client.close)
        return client

    def flood(self):
        """A session that always has more to do than fits its ring."""
        guest = wire.RawGuest(self.stack.socket, PATIENCE_S)
        self.addCleanup(guest.close)
        self.assertEqual(guest.greet()[0], "welcome")
        self.assertEqual(guest.open()[0], "opened")
        return guest


class Reading(Control):
    def test_socket_is_the_groups(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.stack.control_socket).st_mode), 0o660)

    @unittest.skipIf(os.getuid(), "needs root to become another account")
    def test_other_account_cannot_connect(self):
        self.assertEqual(connect_as(NOBODY, self.stack.control_socket), 13)

    def test_status(self):
        client = self.client()
        self.assertEqual(client.welcome[0], "ctl_welcome")
        self.assertEqual(client.welcome[1][4], self.stack.broker.pid)
        [broker] = client.ask(BROKER)
        self.assertEqual(broker[2], self.stack.broker.pid)
        self.assertEqual(broker[7], 2)
        self.assertEqual(broker[9], 1)
        self.assertEqual(broker[4], b"none" if self.stack.sanitized() else b"seccomp")
        [gpu] = client.ask(GPUS)
        self.assertEqual(gpu[6], b"up")
        self.assertEqual(gpu.get(11), 1)
        self.assertEqual([pool[1] for pool in client.ask(POOLS)], [b"A", b"B"])

    def test_machine(self):
        client = self.client()
        device = Device(self.stack.vm_socket("alpha"), PATIENCE_S)
        self.addCleanup(device.close)
        channel = device.up().channel()
        channel.ready()
        channel.greet()
        alpha, beta = client.ask(VMS)
        self.assertEqual((alpha[1], alpha[7], alpha[8]), (b"alpha", b"connected", os.getpid()))
        self.assertEqual((beta[1], beta[7]), (b"beta", b"absent"))
        self.assertEqual(alpha[6].decode(), self.stack.vm_socket("alpha"))
        [session] = client.ask(SESSIONS, "alpha")
        self.assertEqual((session[2], session[6]), (b"alpha", b"greeted"))
        self.assertEqual(client.ask(SESSIONS, "beta"), [])

    def test_program_is_named(self):
        guest = self.stack.start(GUEST, "bystander")
        guest.wait_line("ready")
        [session] = self.client().ask(SESSIONS)
        self.assertEqual(session[4], GUEST.encode())
        self.assertEqual(session[6], b"open")
        self.assertGreater(session[10], 0)


    def test_calls_are_traced(self):
        client = self.client()
        client.say("ctl_ask", {1: 1, 2: control.TRACE})
        guest = self.stack.start(GUEST, "bystander")
        guest.wait_line("ready")
        rows = [client.receive(PATIENCE_S) for _ in range(20)]
        self.assertEqual({kind for kind, _ in rows}, {"trace_row"})
        self.assertEqual(len({row[2] for _, row in rows}), 1)
        self.assertTrue(all(row[3] > 65535 for _, row in rows))
        self.assertEqual([row.get(7, 0) for _, row in rows], [0] * 20)


class Commands(Control):
    """vgpu-hostd by hand: machines come and go while the broker, which is locked, runs."""

    def host(self):
        return self.client(control.HOST)

    def bound(self, name):
        """A listening socket as vgpu-hostd makes it, and its path."""
        path = self.stack.vm_socket(name)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(os.unlink, path)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen(8)
        return listener, path

    def add(self, host, name):
        listener, path = self.bound(name)
        done = host.command("vm_set", {2: name, 6: path, 7: 1, 8: 5}, [listener.fileno()])
        self.assertEqual(done, (0, ""))
        self.addCleanup(host.command, "vm_remove", {2: name})
        return path

    def test_a_machine_works_and_is_removed(self):
        host = self.host()
        [broker] = host.ask(BROKER)
        self.assertEqual(broker[15], os.getpid())
        path = self.add(host, "gamma")
        device = Device(path, PATIENCE_S)
        self.addCleanup(device.close)
        channel = device.up().channel()
        channel.ready()
        self.assertEqual(channel.greet()[0], "welcome")
        self.assertEqual(channel.open()[0], "opened")
        [gamma] = host.ask(VMS, "gamma")
        self.assertEqual((gamma[5], gamma[7], gamma[15], gamma[16]), (b"hostd", b"connected", 1, 5))
        self.assertEqual([(peer[1], peer[2]) for peer in host.events], [(b"gamma", os.getpid())])
        verdict = {2: "gamma", 3: os.getpid(), 4: 1, 5: "a test"}
        self.assertEqual(host.command("vm_identity", verdict), (0, ""))
        self.assertEqual(host.ask(VMS, "gamma")[0][10], b"verified (a test)")
        self.assertEqual(host.command("vm_remove", {2: "gamma"}), (0, ""))
        self.assert_ends(device)
        self.assertEqual(channel.error(), 719)
        self.assertEqual(len(host.ask(VMS)), 2)

    def test_machines_come_and_go(self):
        """A hundred of them; what is left is what was."""
        host = self.host()
        path = self.add(host, "delta")
        for turn in range(100):
            device = Device(path, PATIENCE_S)
            device.up()
            if turn % 3 == 0:
                os.unlink(path)
                listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                listener.bind(path)
                listener.listen(8)
                self.assertEqual(host.command("vm_remove", {2: "delta"})[0], 0)
                self.assertEqual(host.command("vm_set", {2: "delta", 6: path, 7: 1},
                                              [listener.fileno()]), (0, ""))
                listener.close()
                self.assert_ends(device)
            device.close()
            wait_for(lambda: host.ask(VMS, "delta")[0][7] == b"absent", "the device to leave")

    def test_the_broker_serves_on_without_vgpu_hostd(self):
        first = self.host()
        listener, path = self.bound("epsilon")
        done = first.command("vm_set", {2: "epsilon", 7: 1}, [listener.fileno()])
        self.assertEqual(done, (0, ""))
        first.close()
        device = Device(path, PATIENCE_S)
        self.addCleanup(device.close)
        device.up()
        # The next one learns who is there, and has the last word on what there is.
        second = self.host()
        self.assertEqual(second.ask(VMS, "epsilon")[0][7], b"connected")
        self.assertEqual([peer[1] for peer in second.events], [b"epsilon"])
        self.assertEqual(second.command("host_begin"), (0, ""))
        self.assertEqual(second.command("host_commit"), (0, ""))
        self.assert_ends(device)
        self.assertEqual(len(second.ask(VMS)), 2)

    @unittest.skipIf(os.getuid(), "needs root to become another account")
    def test_another_account_cannot_command(self):
        os.chmod(self.stack.control_socket, 0o666)
        try:
            hello = {1: wire.PROTOCOL, 2: control.HOST, 3: "x", 4: "0"}
            said = wire.prefixed(wire.frame("ctl_hello", hello))
            self.assertEqual(connect_as(NOBODY, self.stack.control_socket, said), 0)
        finally:
            os.chmod(self.stack.control_socket, 0o660)


class Pressure(Control):
    def test_status_is_answered_while_sessions_flood(self):
        calls = b"".join(wire.record(0x20000, sequence=n) for n in range(1000))
        guests = [self.flood() for _ in range(FLOODS)]
        client = self.client()
        before = client.ask(BROKER)[0].get(10, 0)
        rounds = 0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for guest in guests:
                words = wire.COMPLETE_WORDS_AT
                guest.set_word(words + wire.TAIL, guest.word(words + wire.HEAD))
                tail = guest.word(wire.SUBMIT_WORDS_AT + wire.TAIL)
                if guest.head - tail + len(calls) <= wire.SUBMIT_BYTES:
                    guest.put(calls)
            self.assertEqual(len(client.ask(SESSIONS)), FLOODS)
            self.assertEqual(len(client.ask(VMS)), 2)
            rounds += 1
        done = client.ask(BROKER)[0][10] - before
        print(f"[{rounds} rounds, {done} calls]", flush=True)
        self.assertGreater(done, 10000)

    def test_a_client_that_never_reads(self):
        """It asks on and on; everyone else is served."""
        deaf = self.client()
        deaf.socket.setblocking(False)
        question = wire.prefixed(wire.frame("ctl_ask", {1: 1, 2: VMS}))
        for _ in range(20000):
            deaf.send(question)
        client = self.client()
        self.assertEqual(len(client.ask(VMS)), 2)
        self.assert_session_passes()

    @unittest.skipIf(os.getuid(), "needs root to become another account")
    def test_thousands_of_connections_with_half_a_frame(self):
        """Of an account that may read: root's own place is kept, sessions go on, the log is short."""
        os.chmod(self.stack.control_socket, 0o666)
        self.addCleanup(os.chmod, self.stack.control_socket, 0o660)
        before = self.stack.log().count("control client")
        peers = []
        for _ in range(2000):
            os.seteuid(NOBODY)
            try:
                peer = wire.Peer(self.stack.control_socket)
            finally:
                os.seteuid(0)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                peer.send(b"\x20\0\0\0half")
            peers.append(peer)
            if len(peers) > 200:
                # The first ones stay: they have the places.
                peers.pop(100).close()
        self.addCleanup(lambda: [peer.close() for peer in peers])
        self.assertEqual(len(self.client().ask(VMS)), 2)
        self.assert_session_passes()
        said = self.stack.log().count("control client") - before
        self.assertTrue(0 < said < 200, said)


if __name__ == "__main__":
    main()
