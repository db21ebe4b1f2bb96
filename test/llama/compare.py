#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs generate.py natively and through vgpu in turns and compares tokens and speed.

usage: compare.py --libraries DIR --models DIR --guest DIR --socket PATH [--driver cuda|sim]
                  [--types f16,q4_0] [--flash on,off] [--tokens N] [--json FILE]

A row is one model with flash attention on or off.  Every run of a row must answer the same
tokens; the speed is the median over all timed rounds.  Round trips and waits per token are
the difference between a short and a long run through us, by the guest library's count.
The GPU's busy share is NVML's while a native run is timed: below 30 % a speed does not count.
On the simulator there is no native run, and the tokens are held against the processor's.
"""
import argparse
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'frameworks'))
from busy import ENOUGH_PERCENT, Busy  # noqa: E402 pylint: disable=wrong-import-position

ROUNDS = (8, 16)  # of the short and the long run
RATIO_AT_LEAST = 0.85
TRIPS_AT_MOST = 4
# This release of llama.cpp joins the gate, the other half and the activation of F16 weights into one
# kernel even where its result lies over its input: answers then depend on the order of blocks.
SETTINGS = {'f16': {'GGML_CUDA_DISABLE_FUSION': '1'}}
RUNTIME = ('libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13')


class Failed(Exception):
    """A run that ended with an error; says which."""


def runtime_folders():
    """Folders that hold NVIDIA's runtime and cuBLAS: the toolkit's, or those of Python packages."""
    places = ['/usr/local/cuda/lib64'] + [
        folder for path in sys.path for folder in sorted(glob.glob(os.path.join(path, 'nvidia', '*', 'lib')))]
    found = []
    for name in RUNTIME:
        holder = next((p for p in places if os.path.exists(os.path.join(p, name))), None)
        if holder is None:
            sys.exit(f'compare.py: {name} is neither in /usr/local/cuda/lib64 nor among the Python packages')
        if holder not in found:
            found.append(holder)
    return found


class Runner:
    """Runs generate.py on one model."""

    def __init__(self, args, model, flash):
        self.args, self.flash = args, flash
        self.settings = SETTINGS.get(model, {})
        self.model = os.path.join(args.models, f'{model}.gguf')
        self.runtime = args.runtime or runtime_folders()

    def once(self, side, rounds):
        """What generate.py wrote, and the guest's counts when it went through us.  Raises Failed."""
        environment = {name: value for name, value in os.environ.items() if name != 'VGPU_SOCKET'}
        environment.update(self.settings)
        folders = list(self.runtime)
        if side == 'vgpu':
            folders.insert(0, self.args.guest)
            environment['VGPU_SOCKET'] = self.args.socket
        environment['LD_LIBRARY_PATH'] = ':'.join(folders)
        with tempfile.TemporaryDirectory() as folder:
            result, stats = os.path.join(folder, 'result'), os.path.join(folder, 'stats')
            environment['VGPU_STATS_FILE'] = stats
            words = [sys.executable, '-B', os.path.join(HERE, 'generate.py'), '--libraries', self.args.libraries,
                     '--model', self.model, '--device', 'cpu' if side == 'cpu' else 'cuda', '--flash', self.flash,
                     '--tokens', str(self.args.tokens), '--rounds', str(rounds), '--json', result]
            done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=False,
                                  timeout=self.args.timeout)
            print(f'-- {side}, {os.path.basename(self.model)}, status {done.returncode}\n{done.stdout}', flush=True)
            if done.returncode:
                raise Failed(f'a run failed: {side}, status {done.returncode}')
            with open(result, encoding='utf-8') as file:
                run = json.load(file)
            run['counts'] = counts(stats)
        return run


def counts(path):
    """The last line of the guest's summary, as numbers by name."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as file:
        return {name: int(value) for name, value in re.findall(r'(\w+)=(\d+)', file.read())}


def per_decode(runs, name):
    """What a decode costs: the long run less the short one."""
    short, long = runs[0], runs[-1]
    decodes = long['decodes'] - short['decodes']
    if decodes <= 0 or name not in short['counts'] or name not in long['counts']:
        return None
    return (long['counts'][name] - short['counts'][name]) / decodes


def measure(runner, reference, rounds):
    """The runs of each side in turns, and the GPU's busy share in the native ones (None: not known)."""
    runs = {reference: [], 'vgpu': []}
    busy = []
    for number in rounds:
        for side in runs:
            if side == 'native':
                with Busy() as meter:
                    run = runner.once(side, number)
                busy.append(meter.share(*run['timed_at']))
            else:
                run = runner.once(side, number)
            runs[side].append(run)
    known = [share for share in busy if share is not None]
    return runs, statistics.mean(known) if known else None


def median(runs, name):
    return statistics.median(value for run in runs for value in run[name])


def judge(row, driver):
    """What is wrong with a row, empty when nothing is."""
    wrong = [] if row['identical'] else ['tokens differ']
    if driver == 'cuda':
        if row['busy'] is None or row['busy'] < ENOUGH_PERCENT:
            row['note'] = 'speed does not count: the GPU is idle too much'
        elif row['ratio'] < RATIO_AT_LEAST:
            wrong.append(f'slower than {RATIO_AT_LEAST} of native')
    for name in ('round_trip', 'host_waits'):
        if row[name] is None or row[name] > TRIPS_AT_MOST:
            wrong.append(f'{name} per token above {TRIPS_AT_MOST}')
    return wrong


def one_row(args, model, flash):
    reference = 'native' if args.driver == 'cuda' else 'cpu'
    row = {'model': model, 'flash': flash, 'reference': reference}
    try:
        runs, busy = measure(Runner(args, model, flash), reference, args.rounds)
    except (Failed, subprocess.TimeoutExpired) as problem:
        return {**row, 'wrong': [str(problem)]}
    native, vgpu = runs[reference], runs['vgpu']
    row.update({
        'identical': len({tuple(run['tokens']) for run in native + vgpu}) == 1,
        'hash': native[0]['hash'], 'hash_vgpu': vgpu[0]['hash'], 'tokens': native[0]['tokens'], 'busy': busy,
        'round_trip': per_decode(vgpu, 'round_trip'), 'host_waits': per_decode(vgpu, 'host_waits'),
        'one_way': per_decode(vgpu, 'one_way'), 'devices': vgpu[0]['devices'], 'note': ''})
    for name in ('tokens_per_s', 'prompt_per_s'):
        row[name] = (median(native, name), median(vgpu, name))
    for name in ('load_s', 'first_round_s'):
        row[name] = tuple(statistics.median(run[name] for run in side) for side in (native, vgpu))
    row['ratio'] = row['tokens_per_s'][1] / row['tokens_per_s'][0]
    row['wrong'] = judge(row, args.driver)
    return row


def number(value, form='.1f'):
    return '-' if value is None else format(value, form)


def show(rows):
    print(f'{"model":<10} {"flash":<5} {"tokens":<9} {"tokens/s":>17} {"ratio":>6} {"prompt/s":>17} {"load s":>11} '
          f'{"first s":>11} {"busy %":>6} {"trips":>6} {"waits":>6} {"one-way":>8}')
    for row in rows:
        if 'identical' not in row:
            print(f'{row["model"]:<10} {row["flash"]:<5} {"; ".join(row["wrong"])}')
            continue
        pairs = [f'{row[name][0]:.{digits}f} {row[name][1]:.{digits}f}' for name, digits in
                 (('tokens_per_s', 1), ('prompt_per_s', 0), ('load_s', 2), ('first_round_s', 2))]
        print(f'{row["model"]:<10} {row["flash"]:<5} {"identical" if row["identical"] else "DIFFERENT":<9} '
              f'{pairs[0]:>17} {row["ratio"]:>6.2f} {pairs[1]:>17} {pairs[2]:>11} {pairs[3]:>11} '
              f'{number(row["busy"], ".0f"):>6} {number(row["round_trip"]):>6} {number(row["host_waits"]):>6} '
              f'{number(row["one_way"]):>8}  {"; ".join(row["wrong"] + [row["note"]]).strip("; ")}')


def parse():
    parser = argparse.ArgumentParser()
    for name in ('libraries', 'models', 'guest', 'socket'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--driver', choices=('cuda', 'sim'), default='cuda')
    parser.add_argument('--runtime', action='append', help='a folder of the CUDA runtime and cuBLAS')
    parser.add_argument('--types', default='f16,q4_0')
    parser.add_argument('--flash', default='on,off')
    parser.add_argument('--tokens', type=int, default=128)
    parser.add_argument('--rounds', type=lambda text: [int(n) for n in text.split(',')], default=list(ROUNDS))
    parser.add_argument('--timeout', type=int, default=300, help='seconds for one run')
    parser.add_argument('--json')
    return parser.parse_args()


def main():
    args = parse()
    rows = [one_row(args, model, flash) for model in args.types.split(',') for flash in args.flash.split(',')]
    show(rows)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(rows, file, indent=1)
    wrong = sum(1 for row in rows if row['wrong'])
    identical = all(row.get('identical') for row in rows)
    lowest = min((row['ratio'] for row in rows if 'ratio' in row), default=0)
    print(f'{len(rows)} rows, {wrong} with faults, tokens {"identical" if identical else "NOT identical"}, '
          f'speed at least {lowest:.2f} of {"native" if args.driver == "cuda" else "the processor"}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
