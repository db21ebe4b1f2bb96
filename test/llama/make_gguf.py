#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a GGUF file with a Llama of random weights: about 0.5 G parameters in F16 or Q4_0.

usage: make_gguf.py FILE [--type f16|q4_0] [--size full|tiny] [--seed N]

The same arguments write the same bytes on every machine.  There is no tokenizer: the
vocabulary is declared to be numbers only, and programs feed token ids.
"""
import argparse
import hashlib
import random
import statistics
import struct
import sys
import time

ALIGNMENT = 32
CHUNK = 1 << 22  # elements made at a time; a multiple of a block
# ggml's numbers of types, and of whole files
F32, F16, Q4_0 = 0, 1, 2
FILE_TYPE = {F16: 1, Q4_0: 2}
UINT32, FLOAT32, STRING = 4, 6, 8

SIZES = {
    'full': {'layers': 24, 'width': 1280, 'inner': 3584, 'heads': 20, 'kv_heads': 5, 'vocabulary': 32000},
    'tiny': {'layers': 2, 'width': 256, 'inner': 512, 'heads': 4, 'kv_heads': 2, 'vocabulary': 512},
}


def tensors(size, kind):
    """Names, shapes (fastest first) and types, in the order of the file."""
    width, inner, words = size['width'], size['inner'], size['vocabulary']
    kv = width // size['heads'] * size['kv_heads']
    yield 'token_embd.weight', (width, words), kind
    for i in range(size['layers']):
        block = f'blk.{i}.'
        yield block + 'attn_norm.weight', (width,), F32
        yield block + 'attn_q.weight', (width, width), kind
        yield block + 'attn_k.weight', (width, kv), kind
        yield block + 'attn_v.weight', (width, kv), kind
        yield block + 'attn_output.weight', (width, width), kind
        yield block + 'ffn_norm.weight', (width,), F32
        yield block + 'ffn_gate.weight', (width, inner), kind
        yield block + 'ffn_up.weight', (width, inner), kind
        yield block + 'ffn_down.weight', (inner, width), kind
    yield 'output_norm.weight', (width,), F32
    yield 'output.weight', (width, words), kind


def count(shape):
    number = 1
    for side in shape:
        number *= side
    return number


def length(shape, kind):
    number = count(shape)
    return {F32: 4 * number, F16: 2 * number, Q4_0: number // 32 * 18}[kind]


def padded(number):
    return -number % ALIGNMENT + number


def text(value):
    raw = value.encode()
    return struct.pack('<Q', len(raw)) + raw


def metadata(size, kind):
    """The header's keys and values."""
    yield 'general.architecture', STRING, 'llama'
    yield 'general.name', STRING, 'random'
    yield 'general.alignment', UINT32, ALIGNMENT
    yield 'general.file_type', UINT32, FILE_TYPE[kind]
    yield 'llama.vocab_size', UINT32, size['vocabulary']
    yield 'llama.context_length', UINT32, 2048
    yield 'llama.embedding_length', UINT32, size['width']
    yield 'llama.block_count', UINT32, size['layers']
    yield 'llama.feed_forward_length', UINT32, size['inner']
    yield 'llama.rope.dimension_count', UINT32, size['width'] // size['heads']
    yield 'llama.attention.head_count', UINT32, size['heads']
    yield 'llama.attention.head_count_kv', UINT32, size['kv_heads']
    yield 'llama.attention.layer_norm_rms_epsilon', FLOAT32, 1e-5
    yield 'tokenizer.ggml.model', STRING, 'no_vocab'


def header(size, kind):
    listed = list(tensors(size, kind))
    pairs = list(metadata(size, kind))
    out = bytearray(b'GGUF' + struct.pack('<IQQ', 3, len(listed), len(pairs)))
    for key, form, value in pairs:
        out += text(key) + struct.pack('<I', form)
        out += text(value) if form == STRING else struct.pack('<I' if form == UINT32 else '<f', value)
    offset = 0
    for name, shape, of in listed:
        out += text(name) + struct.pack(f'<I{len(shape)}QIQ', len(shape), *shape, of, offset)
        offset += padded(length(shape, of))
    return bytes(out) + bytes(padded(len(out)) - len(out))


def half(value):
    return struct.pack('<e', value)


def f16_upper(deviation):
    """256 upper halves of F16 numbers that lie as a normal distribution does."""
    normal = statistics.NormalDist(0, deviation)
    return bytes(half(normal.inv_cdf((i + 0.5) / 256))[1] for i in range(256))


def f16(source, number, deviation):
    """Random numbers: the upper byte by the table, the lower one of any value."""
    out = bytearray(2 * number)
    out[0::2] = source.randbytes(number)
    out[1::2] = source.randbytes(number).translate(f16_upper(deviation))
    return out


def q4_0(source, number, deviation):
    """Blocks of 32: a scale in F16, then 16 bytes of two numbers 1 to 15 that mean -7 to 7."""
    blocks = number // 32
    nibble = [8, *range(1, 16)]
    symmetric = bytes(nibble[i >> 4] << 4 | nibble[i & 15] for i in range(256))
    scale = half(deviation / 4.18)
    out = bytearray(18 * blocks)
    for at in range(2):
        out[at::18] = bytes([scale[at]]) * blocks
    for at in range(2, 18):
        out[at::18] = source.randbytes(blocks).translate(symmetric)
    return out


def write(path, size, kind, seed):
    """The file; its length and hash."""
    source = random.Random(seed)
    digest = hashlib.sha256()
    total = 0
    with open(path, 'wb') as file:
        def put(piece):
            nonlocal total
            file.write(piece)
            digest.update(piece)
            total += len(piece)

        put(header(size, kind))
        for name, shape, of in tensors(size, kind):
            if of == F32:
                put(struct.pack('<f', 1.0) * shape[0])
            else:
                # Logits that lie far apart, activations that stay about as they are.
                deviation = 1.0 if name == 'token_embd.weight' else shape[0] ** -0.5
                make = f16 if of == F16 else q4_0
                for start in range(0, count(shape), CHUNK):
                    put(make(source, min(CHUNK, count(shape) - start), deviation))
            put(bytes(padded(total) - total))
    return total, digest.hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('file')
    parser.add_argument('--type', choices=('f16', 'q4_0'), default='f16')
    parser.add_argument('--size', choices=sorted(SIZES), default='full')
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    kind = {'f16': F16, 'q4_0': Q4_0}[args.type]
    size = SIZES[args.size]
    started = time.monotonic()
    total, digest = write(args.file, size, kind, args.seed)
    parameters = sum(count(shape) for _, shape, _ in tensors(size, kind))
    print(f'{args.file}: {parameters / 1e6:.1f} M parameters, {args.type}, {total} bytes, '
          f'sha256 {digest[:16]}, {time.monotonic() - started:.1f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
