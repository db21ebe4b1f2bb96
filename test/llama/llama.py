# SPDX-License-Identifier: Apache-2.0
"""The part of llama.cpp's C interface that generate.py uses, called through ctypes.

The structures are passed by value and change between releases: the libraries are opened
by the names that carry the release, and those whose defaults are not where these
declarations say are refused.
"""
import ctypes
import os
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int32, c_size_t, c_uint32, c_void_p

RELEASE = 'b7347'
FLASH = {'auto': -1, 'off': 0, 'on': 1}
TYPE_F16 = 1
# The same on every machine, so that the processor's part is the same too.
CPU_LIBRARY = 'libggml-cpu-haswell.so'
CUDA_LIBRARY = 'libggml-cuda.so'
LOG = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)


def fields(*groups):
    """Fields of a structure: pairs of a type and names."""
    return [(name, kind) for kind, names in groups for name in names.split()]


class Batch(ctypes.Structure):
    _fields_ = fields((c_int32, 'n_tokens'), (c_void_p, 'token embd pos n_seq_id seq_id logits'))


class ModelParams(ctypes.Structure):
    _fields_ = fields(
        (c_void_p, 'devices tensor_buft_overrides'),
        (c_int32, 'n_gpu_layers split_mode main_gpu'),
        (c_void_p, 'tensor_split progress_callback progress_callback_user_data kv_overrides'),
        (c_bool, 'vocab_only use_mmap use_mlock check_tensors use_extra_bufts no_host'))

    # What the library answers when it is what is declared here
    DEFAULTS = {'devices': None, 'n_gpu_layers': 999, 'split_mode': 1, 'main_gpu': 0, 'kv_overrides': None,
                'vocab_only': False, 'use_mmap': True, 'use_mlock': False, 'check_tensors': False,
                'use_extra_bufts': True, 'no_host': False}


class ContextParams(ctypes.Structure):
    _fields_ = fields(
        (c_uint32, 'n_ctx n_batch n_ubatch n_seq_max'),
        (c_int32, 'n_threads n_threads_batch rope_scaling_type pooling_type attention_type flash_attn_type'),
        (c_float, 'rope_freq_base rope_freq_scale yarn_ext_factor yarn_attn_factor yarn_beta_fast yarn_beta_slow'),
        (c_uint32, 'yarn_orig_ctx'), (c_float, 'defrag_thold'), (c_void_p, 'cb_eval cb_eval_user_data'),
        (c_int32, 'type_k type_v'), (c_void_p, 'abort_callback abort_callback_data'),
        (c_bool, 'embeddings offload_kqv no_perf op_offload swa_full kv_unified'))

    DEFAULTS = {'n_ctx': 512, 'n_batch': 2048, 'n_ubatch': 512, 'n_seq_max': 1, 'flash_attn_type': -1,
                'rope_scaling_type': -1, 'rope_freq_base': 0.0, 'yarn_beta_slow': -1.0, 'yarn_orig_ctx': 0,
                'defrag_thold': -1.0, 'type_k': TYPE_F16, 'type_v': TYPE_F16, 'abort_callback': None,
                'embeddings': False, 'offload_kqv': True, 'no_perf': True, 'op_offload': True, 'swa_full': True,
                'kv_unified': False}


# For each library: functions by name, as (result, arguments).
LIBRARIES = {
    'libggml-base.so.0': {
        'ggml_backend_dev_name': (c_char_p, [c_void_p]),
        'ggml_backend_dev_description': (c_char_p, [c_void_p]),
    },
    f'libggml.cuda.{RELEASE}.so.0': {
        'ggml_backend_load': (c_void_p, [c_char_p]),
        'ggml_backend_dev_count': (c_size_t, []),
        'ggml_backend_dev_get': (c_void_p, [c_size_t]),
    },
    f'libllama.cuda.{RELEASE}.so.0': {
        'llama_log_set': (None, [LOG, c_void_p]),
        'llama_backend_init': (None, []),
        'llama_model_default_params': (ModelParams, []),
        'llama_context_default_params': (ContextParams, []),
        'llama_model_load_from_file': (c_void_p, [c_char_p, ModelParams]),
        'llama_model_free': (None, [c_void_p]),
        'llama_model_get_vocab': (c_void_p, [c_void_p]),
        'llama_vocab_n_tokens': (c_int32, [c_void_p]),
        'llama_init_from_model': (c_void_p, [c_void_p, ContextParams]),
        'llama_free': (None, [c_void_p]),
        'llama_get_memory': (c_void_p, [c_void_p]),
        'llama_memory_clear': (None, [c_void_p, c_bool]),
        'llama_batch_get_one': (Batch, [POINTER(c_int32), c_int32]),
        'llama_decode': (c_int32, [c_void_p, Batch]),
        'llama_synchronize': (None, [c_void_p]),
        'llama_sampler_init_greedy': (c_void_p, []),
        'llama_sampler_sample': (c_int32, [c_void_p, c_void_p, c_int32]),
        'llama_sampler_free': (None, [c_void_p]),
    },
}


class Refused(Exception):
    """The libraries or the model cannot be used; says why."""


class Llama:
    """The libraries of one folder, each of LIBRARIES' functions as an attribute."""

    def __init__(self, folder, cuda, log):
        for name, functions in LIBRARIES.items():
            self._open(os.path.join(folder, name), functions)
        self._check()
        self._log = LOG(lambda level, text, _: log(text.decode(errors='replace')))
        self.llama_log_set(self._log, None)
        for name in [CPU_LIBRARY] + ([CUDA_LIBRARY] if cuda else []):
            if not self.ggml_backend_load(os.path.join(folder, name).encode()):
                raise Refused(f'{name} could not be loaded as a backend')
        self.llama_backend_init()

    def _open(self, path, functions):
        library = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
        for name, (result, arguments) in functions.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def _check(self):
        for params in (self.llama_model_default_params(), self.llama_context_default_params()):
            for name, value in params.DEFAULTS.items():
                if getattr(params, name) != value:
                    raise Refused(f'the default of {name} is {getattr(params, name)} and not {value}: '
                                  f'not the libraries of release {RELEASE}')

    def devices(self):
        """Name and description of each device."""
        found = [self.ggml_backend_dev_get(i) for i in range(self.ggml_backend_dev_count())]
        return [(self.ggml_backend_dev_name(d).decode(), self.ggml_backend_dev_description(d).decode())
                for d in found]
