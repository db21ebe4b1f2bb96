#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that break every rule: each is shut out, nothing leaks, everyone else goes on."""

import os
import random
import stat
import struct
import unittest

import procfs
import wire
from case import GUEST, PATIENCE_S, StackCase, main

NOBODY = 65534
GARBAGE = random.Random(1).randbytes(1 << 16)


REGISTER = wire.prefixed(wire.frame("register", {1: wire.PROTOCOL, 2: "x", 3: 1}))


def connect_as(uid, path, said=REGISTER):
    """Connects to a socket under another account and says something; the errno of connect, or 0
    when the broker ended it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 255
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with wire.Peer(path) as peer:
                peer.send(said)
                code = 0 if peer.wait_end(PATIENCE_S) else 254
        except OSError as error:
            code = error.errno
        finally:
            os.write(write, bytes([code]))
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        code = pipe.read(1)[0]
    os.waitpid(child, 0)
    return code


class Misuse(StackCase):
    def guest(self):
        guest = wire.RawGuest(self.stack.socket, PATIENCE_S)
        self.addCleanup(guest.close)
        return guest

    def peer(self, path):
        peer = wire.Peer(path)
        self.addCleanup(peer.close)
        return peer

    def tearDown(self):
        self.doCleanups()
        self.assert_session_passes()
        super().tearDown()


class ExecutorSocket(Misuse):
    def shut_out(self, data, fds=()):
        peer = self.peer(self.stack.executor_socket)
        peer.send(data, fds)
        self.assert_ends(peer)

    def test_socket_is_private(self):
        mode = stat.S_IMODE(os.stat(self.stack.executor_socket).st_mode)
        self.assertEqual(mode, 0o600)

    @unittest.skipIf(os.getuid(), "needs root to become another account")
    def test_other_account_cannot_connect(self):
        self.assertEqual(connect_as(NOBODY, self.stack.executor_socket), 13)

    @unittest.skipIf(os.getuid(), "needs root to become another account")
    def test_other_account_is_refused_by_its_credentials(self):
        os.chmod(self.stack.executor_socket, 0o666)
        try:
            self.assertEqual(connect_as(NOBODY, self.stack.executor_socket), 0)
        finally:
            os.chmod(self.stack.executor_socket, 0o600)

    def test_garbage(self):
        self.shut_out(GARBAGE)

    def test_oversize_frame(self):
        self.shut_out(struct.pack("<I", wire.FRAME_BYTES_MAX + 1))
        self.shut_out(b"\xff\xff\xff\xff")

    def test_empty_frame(self):
        self.shut_out(struct.pack("<I", 0))

    def test_truncated_frame_and_close(self):
        whole = wire.prefixed(wire.frame("register", {1: wire.PROTOCOL, 2: "version", 3: 1}))
        for size in range(len(whole)):
            peer = wire.Peer(self.stack.executor_socket)
            peer.send(whole[:size])
            peer.close()

    def test_undecodable_frame(self):
        self.shut_out(wire.prefixed(b"\x0b\x0b\x0b\x0b"))

    def test_expanding_frame(self):
        """Unknown fields cost many times their size on a heap without budget."""
        self.shut_out(wire.prefixed(wire.frame("register") + b"\xf8\x01\x00" * 20000))

    def test_wrong_phase(self):
        for kind in sorted(set(wire.KINDS) - {"register"}):
            with self.subTest(kind):
                self.shut_out(wire.prefixed(wire.frame(kind)))

    def test_wrong_protocol(self):
        self.shut_out(wire.prefixed(wire.frame("register", {1: 99, 2: "x", 3: 1})))

    def test_register_without_facts(self):
        self.shut_out(wire.prefixed(wire.frame("register", {1: wire.PROTOCOL, 2: "x", 3: 1})))

    def test_descriptors_that_nobody_asked_for(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.shut_out(wire.prefixed(wire.frame("wake")), [write] * 3)
        self.shut_out(b"\x01", [write] * 8)
        self.shut_out(GARBAGE, [write])
        os.close(write)
        self.assertEqual(os.read(read, 1), b"", "a descriptor was kept")


class GuestSocket(Misuse):
    def test_garbage_on_the_socket(self):
        peer = self.guest()
        peer.send(GARBAGE)
        self.assert_ends(peer)

    def test_oversize_frame_on_the_socket(self):
        peer = self.guest()
        peer.send(b"\xff\xff\xff\xff")
        self.assert_ends(peer)

    def test_any_frame_on_the_socket(self):
        for kind in ("hello", "open", "attach", "welcome"):
            peer = self.guest()
            peer.send(wire.prefixed(wire.frame(kind)))
            self.assert_ends(peer)

    def test_descriptors_on_the_socket(self):
        read, write = os.pipe()
        peer = self.guest()
        peer.send(b"\x01", [write] * 8)
        self.assert_ends(peer)
        os.close(write)
        with open(read, "rb") as pipe:
            self.assertEqual(pipe.read(1), b"", "a descriptor was kept")

    def test_connect_and_close_at_once(self):
        for _ in range(20):
            wire.Peer(self.stack.socket).close()

    def test_truncated_frame_and_close(self):
        for size in range(1, 8):
            peer = wire.Peer(self.stack.socket)
            peer.send(wire.prefixed(wire.frame("open", {1: 1}))[:size])
            peer.close()


class Ring(Misuse):
    """The first thing that a guest does after the grant, or after Welcome."""

    def shut_out(self, data, greeted=False):
        guest = self.guest()
        if greeted:
            self.assertEqual(guest.greet()[0], "welcome")
        guest.put(data)
        self.assert_ends(guest)
        guest.close()

    def test_ring_full_of_garbage(self):
        for greeted in (False, True):
            self.shut_out(GARBAGE * 16, greeted)

    def test_record_lengths(self):
        for length in (0, 8, 15, 17, 20, wire.RECORD_BYTES_MAX + 8, 0x7ffffff8, 0xfffffff8):
            with self.subTest(length):
                self.shut_out(struct.pack("<IIIHH", 0x20000, length, 1, 0, 1) + bytes(64), True)

    def test_frames_that_do_not_decode(self):
        for body in (b"", b"\xff" * 16, bytes(8), struct.pack("<I", 0xffffffff) + bytes(4),
                     struct.pack("<I", 12) + b"\x0b" * 12):
            with self.subTest(body):
                self.shut_out(wire.record(wire.OP_FRAME, body), True)

    def test_call_before_hello(self):
        self.shut_out(wire.record(0x20000))

    def test_call_before_open(self):
        self.shut_out(wire.record(0x20000), True)

    def test_wrong_phase_granted(self):
        for kind in sorted(set(wire.KINDS) - {"hello"}):
            with self.subTest(kind):
                self.shut_out(wire.frame_record(kind))

    def test_wrong_phase_greeted(self):
        for kind in sorted(set(wire.KINDS) - {"open", "close"}):
            with self.subTest(kind):
                self.shut_out(wire.frame_record(kind), True)

    def test_hello_with_another_protocol(self):
        guest = self.guest()
        guest.put(wire.hello(protocol=99))
        answer = guest.answer_frame()
        self.assertTrue(answer is None or answer[0] == "refuse", answer)
        if answer is None:
            self.assert_ends(guest)

    def test_hello_with_unknown_candidate(self):
        guest = self.guest()
        guest.put(wire.hello(candidate=77))
        answer = guest.answer_frame()
        self.assertTrue(answer is None or answer[0] == "refuse", answer)

    def test_open_of_a_device_that_is_not_there(self):
        for ordinal in (1, 15, 16, 0xffffffff):
            with self.subTest(ordinal):
                guest = self.guest()
                guest.greet()
                answer = guest.open(ordinal)
                self.assertTrue(answer is None or answer[0] == "refuse", answer)
                guest.close()


    def test_refusals_do_not_fill_the_log(self):
        guest = self.guest()
        guest.greet()
        before = self.stack.log().count("refused ")
        for _ in range(100):
            self.assertEqual(guest.open(15)[0], "refuse")
        self.assertLessEqual(self.stack.log().count("refused ") - before, 16)


class Indices(Misuse):
    """Ring words that no honest guest writes."""

    def broken(self, word, value, greeted=True):
        guest = self.guest()
        if greeted:
            guest.greet()
        guest.set_word(word, value)
        guest.wake()
        self.assert_ends(guest)
        guest.close()

    def test_head_jumps(self):
        for value in (2 ** 63, 2 ** 64 - 1, wire.SUBMIT_BYTES * 2, wire.SUBMIT_BYTES + 512):
            with self.subTest(value):
                self.broken(wire.SUBMIT_WORDS_AT + wire.HEAD, value)

    def test_head_goes_back(self):
        guest = self.guest()
        guest.greet()
        guest.set_word(wire.SUBMIT_WORDS_AT + wire.HEAD, guest.head - 8)
        guest.wake()
        self.assert_ends(guest)

    def test_completion_tail_jumps(self):
        """The broker looks at it when its answers would not fit otherwise."""
        flood = b"".join(wire.record(0x20000, sequence=n) for n in range(12000))
        for value in (2 ** 63, 2 ** 62 + 8, 2 ** 64 - 8):
            with self.subTest(value):
                guest = self.guest()
                guest.greet()
                self.assertEqual(guest.open()[0], "opened")
                guest.set_word(wire.COMPLETE_WORDS_AT + wire.TAIL, value)
                guest.put(flood)
                self.assert_ends(guest)
                guest.close()
                self.stack.wait_spares()

    def test_consumers_own_words_are_not_read_back(self):
        """What the guest writes over the broker's words changes nothing for the broker."""
        guest = self.guest()
        guest.set_word(wire.SUBMIT_WORDS_AT + wire.TAIL, 2 ** 60)
        guest.set_word(wire.COMPLETE_WORDS_AT + wire.HEAD, 0)
        guest.memory[0:64] = b"\xff" * 64
        self.assertEqual(guest.greet()[0], "welcome")

    def test_answers_that_nobody_reads(self):
        """Round trips whose answers stay in the ring: the session waits or ends, nothing grows."""
        guest = self.guest()
        guest.greet()
        self.assertEqual(guest.open()[0], "opened")
        before = procfs.status_kib(self.stack.broker.pid, "RssAnon")
        unknown = b"".join(wire.record(0x20000, sequence=n) for n in range(1000))
        for _ in range(40):
            guest.put(unknown)
            if guest.head - guest.word(wire.SUBMIT_WORDS_AT + wire.TAIL) > 900000:
                break
        grown = procfs.status_kib(self.stack.broker.pid, "RssAnon") - before
        # Both buffers of the session and some slack; a sanitizer's own memory comes and goes by MiB.
        if not self.stack.sanitized():
            self.assertLessEqual(grown, 1024, "KiB")


class Worker(Misuse):
    """Records that reach the worker."""

    def opened(self):
        guest = self.guest()
        guest.greet()
        self.assertEqual(guest.open()[0], "opened")
        return guest

    def test_unknown_operation_is_not_supported(self):
        guest = self.opened()
        for number, operation in enumerate((0, 7, 0xffff, 0x10000, 0x20000, 0xffffffff)):
            guest.put(wire.record(operation, bytes(40), sequence=number))
            _, sequence, flags, body = guest.answer()
            self.assertEqual(sequence, number)
            self.assertTrue(flags & wire.RECORD_UNKNOWN)
            self.assertEqual(struct.unpack_from("<i", body)[0], 801)

    def test_hello_and_open_again(self):
        for again in (wire.hello(), wire.frame_record("open"), wire.frame_record("attach")):
            guest = self.opened()
            guest.put(again)
            self.assert_ends(guest)
            guest.close()

    def test_close_and_open_again(self):
        guest = self.opened()
        guest.put(wire.frame_record("close"))
        self.assertEqual(guest.answer_frame()[0], "closed")
        self.assertEqual(guest.open()[0], "opened")

    def test_records_without_answer_flag(self):
        """One-way rubbish: the session may end with an honest code, nobody else notices."""
        guest = self.opened()
        guest.put(wire.record(0x20000, flags=0) * 100 + wire.record(0x30000, sequence=9))
        answer = guest.answer()
        if answer:
            self.assertEqual(struct.unpack_from("<i", answer[3])[0], 801)
        else:
            self.assertEqual(guest.error(), 719)

    def test_garbage_after_open(self):
        guest = self.opened()
        guest.put(GARBAGE)
        self.assert_ends(guest)


class NoHello(Misuse):
    settings = {"broker.hello_timeout_ms": "1000"}

    def test_supervisors_that_do_not_register_are_ended(self):
        for peer in [self.peer(self.stack.executor_socket) for _ in range(40)]:
            self.assert_ends(peer)
        self.assertIn("no Register in time", self.stack.log())

    def test_silence_is_ended(self):
        guests = [self.guest() for _ in range(3)]
        for guest in guests:
            self.assert_ends(guest)

    def test_bystander_beside_garbage(self):
        bystander = self.stack.start(GUEST, "bystander")
        bystander.wait_line("ready")
        for seed in range(10):
            guest = self.guest()
            guest.put(random.Random(seed).randbytes(4096))
            self.assert_ends(guest)
            guest.close()
        result = bystander.finish()
        self.assertEqual(result.status, 0, result)


if __name__ == "__main__":
    main()
