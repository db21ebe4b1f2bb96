#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a C header of HMAC-MD2 vectors, which no RFC has.

MD2 (RFC 1319) with its table made from the digits of pi, HMAC (RFC 2104) by Python's own module;
nothing is shared with guest/libcuda/handshake.c.
"""

import hmac
import sys

BLOCK = 16
CASES = [(1, 0), (1, 1), (2, 15), (3, 16), (4, 17), (5, 48), (6, 76), (7, 104), (255, 500)]


def digits_of_pi():
    """One decimal digit after the other (Gibbons' spigot)."""
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = (q * k, (2 * q + r) * l, t * l, k + 1,
                                (q * (7 * k + 2) + r * l) // (t * l), l + 2)


def table_of_pi():
    """A shuffle of 0..255, the digits of pi being the dice."""
    digits = digits_of_pi()

    def below(n):
        while True:
            value, limit = next(digits), 10
            while limit < n:
                value, limit = 10 * value + next(digits), 10 * limit
            if value < n * (limit // n):
                return value % n

    table = list(range(256))
    for i in range(2, 257):
        k = below(i)
        table[k], table[i - 1] = table[i - 1], table[k]
    return table


TABLE = table_of_pi()


class Md2:
    """As hashlib's objects, which is what hmac wants."""

    name, digest_size, block_size = "md2", BLOCK, BLOCK

    def __init__(self, text=b""):
        self.text = bytes(text)

    def copy(self):
        return Md2(self.text)

    def update(self, text):
        self.text += text

    def digest(self):
        pad = BLOCK - len(self.text) % BLOCK
        text = self.text + bytes([pad]) * pad
        checksum, last = [0] * BLOCK, 0
        for at in range(0, len(text), BLOCK):
            for i in range(BLOCK):
                checksum[i] ^= TABLE[text[at + i] ^ last]
                last = checksum[i]
        state = [0] * BLOCK
        text += bytes(checksum)
        for at in range(0, len(text), BLOCK):
            state = self.mixed(state, text[at:at + BLOCK])
        return bytes(state)

    @staticmethod
    def mixed(state, block):
        words = state + list(block) + [a ^ b for a, b in zip(state, block)]
        t = 0
        for turn in range(18):
            for i, word in enumerate(words):
                t = words[i] = word ^ TABLE[t]
            t = (t + turn) % 256
        return words[:BLOCK]


def main():
    print("/* Made by hmac_md2.py. */")
    print("static const struct { unsigned int seed; unsigned int len; uint8_t digest[16]; } "
          "hmac_vectors[] = {")
    for seed, length in CASES:
        key = bytes((seed * 7 + i * 31) % 256 for i in range(BLOCK))
        text = bytes((seed + i * 13) % 256 for i in range(length))
        digest = hmac.new(key, text, Md2).digest()
        print(f"    {{{seed}, {length}, {{{', '.join(map(str, digest))}}}}},")
    print("};")
    return 0


if __name__ == "__main__":
    sys.exit(main())
