#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The clients of vgpu-hostd: places that are kept for root and supervisors, and who says nothing."""

import contextlib
import os
import unittest

import wire
from case import PATIENCE_S, wait_for
from host import Host, Tool
from stack import needed

CLIENTS, RESERVED = 64, 8
NOBODY, DAEMON = 65534, 1
SHORT_MS, LONG_MS = 2000, 600000


class Places(unittest.TestCase):
    def host(self, hello_timeout_ms, **settings):
        # Whoever becomes another account keeps the group, which may connect.
        host = Host({"hostd.hello_timeout_ms": hello_timeout_ms,
                     **{f"hostd.{key}": value for key, value in settings.items()}})
        self.addCleanup(host.close)
        host.folder.chmod(0o755)
        return host.start()

    def peer(self, host, uid=0):
        """A connection of this account, which has said nothing."""
        with contextlib.ExitStack() as back:
            if uid != 0:
                os.seteuid(uid)
                back.callback(os.seteuid, 0)
            peer = wire.Peer(str(host.socket))
        self.addCleanup(peer.close)
        return peer

    def greet(self, peer):
        """True when it gets an answer, False when it was turned away."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.send(wire.prefixed(wire.frame("ctl_hello", {1: wire.PROTOCOL, 3: "t", 4: "0"})))
            answer = peer.receive(PATIENCE_S)
            return answer is not None and answer[0] == "ctl_welcome"
        return False

    def fill(self, host):
        """All places that an account without privileges gets."""
        peers = [self.peer(host, NOBODY) for _ in range(CLIENTS - RESERVED)]
        self.assertTrue(all(self.greet(peer) for peer in peers))
        return peers


@unittest.skipIf(os.geteuid() != 0, "only root can become other accounts")
class Kept(Places):
    def test_root_finds_a_place_when_tools_have_the_others(self):
        host = self.host(LONG_MS)
        peers = self.fill(host)
        self.assertFalse(self.greet(self.peer(host, NOBODY)))
        host.wait_log(f"client turned away uid={NOBODY}")
        own = [self.peer(host) for _ in range(RESERVED)]
        self.assertTrue(all(self.greet(peer) for peer in own))
        self.assertFalse(self.greet(self.peer(host)))
        # Who leaves makes room, for who may have that place.
        own[0].close()
        wait_for(lambda: self.greet(self.peer(host)), "a place for root")
        self.assertFalse(self.greet(self.peer(host, NOBODY)))
        peers[0].close()
        wait_for(lambda: self.greet(self.peer(host, NOBODY)), "a place for a tool")

    def test_supervisors_find_one_too(self):
        host = self.host(LONG_MS, executor_user="daemon")
        self.fill(host)
        self.assertFalse(self.greet(self.peer(host, NOBODY)))
        self.assertTrue(self.greet(self.peer(host, DAEMON)))

    def test_who_is_turned_away_again_and_again_fills_no_log(self):
        host = self.host(LONG_MS)
        self.fill(host)
        for _ in range(200):
            self.assertFalse(self.greet(self.peer(host, NOBODY)))
        self.assertLess(host.text().count("client turned away"), 60)

    def test_who_wants_processes_killed_again_and_again_fills_no_log(self):
        host = self.host(LONG_MS)
        ask = wire.prefixed(wire.frame("kill_worker", {1: 1}))
        for _ in range(200):
            with contextlib.closing(self.peer(host, NOBODY)) as peer:
                peer.send(ask)
                self.assertTrue(peer.wait_end(PATIENCE_S))
        said = host.text().count("worker not killed")
        self.assertTrue(0 < said < 60, said)


class Silence(Places):
    def test_who_says_nothing_is_closed(self):
        host = self.host(SHORT_MS)
        peers = [self.peer(host) for _ in range(3)]
        # Half a frame is nothing.
        peers[1].send(b"\x10\0")
        for peer in peers:
            self.assertTrue(peer.wait_end(PATIENCE_S))
        host.wait_log('what="it says nothing"', 3)

    def test_who_has_said_hello_may_be_silent(self):
        host = self.host(SHORT_MS)
        tool = Tool(host.socket)
        self.addCleanup(tool.close)
        # Another one is closed meanwhile, so the time is over.
        self.assertTrue(self.peer(host).wait_end(PATIENCE_S))
        self.assertIn("version", tool.host())

    def test_silence_does_not_keep_places(self):
        host = self.host(SHORT_MS)
        for _ in range(CLIENTS):
            self.peer(host)
        wait_for(lambda: self.greet(self.peer(host)), "a place again")


if __name__ == "__main__":
    needed("hostd/vgpu-hostd")
    unittest.main(verbosity=2)
