#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generates tokens with llama.cpp's prebuilt libraries and says which, and how fast.

usage: generate.py --libraries DIR --model FILE [--device cuda|cpu] [--tokens N] [--prompt N]
                   [--rounds N] [--flash on|off] [--json FILE]

The prompt is a fixed list of token ids, each next token the likeliest one.  The first round
is not timed: it translates kernels and records graphs.  The libraries look for the CUDA
runtime, cuBLAS and the driver on LD_LIBRARY_PATH.
"""
import argparse
import ctypes
import hashlib
import json
import re
import statistics
import sys
import time

from llama import FLASH, Llama, Refused

CONTEXT = 1024


class Session:
    """A model, its context and a sampler that takes the likeliest."""

    def __init__(self, libraries, args):
        self.calls = libraries
        params = self.calls.llama_model_default_params()
        params.n_gpu_layers = 999 if args.device == 'cuda' else 0
        self.model = self.calls.llama_model_load_from_file(args.model.encode(), params)
        if not self.model:
            raise Refused(f'{args.model} could not be loaded')
        params = self.calls.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_threads, params.n_threads_batch = CONTEXT, 512, args.threads, args.threads
        params.flash_attn_type = FLASH[args.flash]
        self.context = self.calls.llama_init_from_model(self.model, params)
        if not self.context:
            raise Refused('the context could not be made')
        self.sampler = self.calls.llama_sampler_init_greedy()
        self.words = self.calls.llama_vocab_n_tokens(self.calls.llama_model_get_vocab(self.model))

    def close(self):
        self.calls.llama_sampler_free(self.sampler)
        self.calls.llama_free(self.context)
        self.calls.llama_model_free(self.model)

    def decode(self, tokens):
        array = (ctypes.c_int32 * len(tokens))(*tokens)
        status = self.calls.llama_decode(self.context, self.calls.llama_batch_get_one(array, len(tokens)))
        if status != 0:
            raise Refused(f'llama_decode answered {status}')

    def round(self, prompt, number):
        """The tokens that follow the prompt; seconds for the prompt and for the tokens."""
        self.calls.llama_memory_clear(self.calls.llama_get_memory(self.context), True)
        begun = time.monotonic()
        self.decode(prompt)
        self.calls.llama_synchronize(self.context)
        prompted = time.monotonic()
        tokens = []
        for _ in range(number):
            tokens.append(self.calls.llama_sampler_sample(self.sampler, self.context, -1))
            self.decode(tokens[-1:])
        self.calls.llama_synchronize(self.context)
        return tokens, prompted - begun, time.monotonic() - prompted


def prompt_of(number, words):
    return [(i * 7919 + 13) % words for i in range(number)]


def digest(tokens):
    return hashlib.sha256(b''.join(t.to_bytes(4, 'little') for t in tokens)).hexdigest()[:16]


def generate(args, log):
    """What happened, as a dictionary."""
    libraries = Llama(args.libraries, args.device == 'cuda', log.append)
    devices = libraries.devices()
    begun = time.monotonic()
    session = Session(libraries, args)
    loaded = time.monotonic()
    prompt = prompt_of(args.prompt, session.words)
    rounds = [session.round(prompt, args.tokens)]
    timed_at = time.monotonic()
    rounds += [session.round(prompt, args.tokens) for _ in range(args.rounds)]
    timed_at = (timed_at, time.monotonic())
    session.close()
    if any(r[0] != rounds[0][0] for r in rounds):
        raise Refused('two rounds of one process differ')
    timed = rounds[1:]
    return {
        'devices': devices,
        'tokens': rounds[0][0],
        'hash': digest(rounds[0][0]),
        'different': len(set(rounds[0][0])),
        'load_s': loaded - begun,
        'first_round_s': rounds[0][1] + rounds[0][2],
        'prompt_per_s': [args.prompt / r[1] for r in timed],
        'tokens_per_s': [args.tokens / r[2] for r in timed],
        'timed_at': timed_at,
        'decodes': (args.rounds + 1) * (args.tokens + 1),
    }


def check_offloaded(text):
    found = re.search(r'offloaded (\d+)/(\d+) layers to GPU', text)
    if not found or found[1] != found[2]:
        raise Refused(f'not every layer is on the GPU: {found[0] if found else "nothing was offloaded"}')


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument('--libraries', required=True)
    parser.add_argument('--model', required=True)
    parser.add_argument('--device', choices=('cuda', 'cpu'), default='cuda')
    parser.add_argument('--tokens', type=int, default=128)
    parser.add_argument('--prompt', type=int, default=64)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--flash', choices=sorted(FLASH), default='on')
    parser.add_argument('--json')
    return parser.parse_args()


def main():
    args = parse()
    log = []
    try:
        result = generate(args, log)
        if args.device == 'cuda':
            check_offloaded(''.join(log))
    except (Refused, OSError) as problem:
        sys.stderr.write(''.join(log[-40:]))
        print(f'generate.py: {problem}', file=sys.stderr)
        return 1
    print(f'{args.device}, flash attention {args.flash}: loaded in {result["load_s"]:.2f} s, first round '
          f'{result["first_round_s"]:.2f} s, prompt {statistics.median(result["prompt_per_s"]):.0f} tokens/s, '
          f'generation {statistics.median(result["tokens_per_s"]):.1f} tokens/s; {args.tokens} tokens, '
          f'{result["different"]} different, hash {result["hash"]}')
    print(*result['tokens'])
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(result, file)
    return 0


if __name__ == '__main__':
    sys.exit(main())
