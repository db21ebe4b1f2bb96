# SPDX-License-Identifier: Apache-2.0
"""GPT-2 (124M, fp16, random weights) tells 128 tokens, each the likeliest.

    gpt2.py eager       transformers' generate()
    gpt2.py graph       a static cache; the step of one token captured as a CUDA graph
    gpt2.py compiled    the same step by torch.compile(mode="reduce-overhead")
"""

import os
import sys

import told

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
torch = told.need("torch")
transformers = told.need("transformers")
TOKENS = 128
PROMPT = [464, 3290, 318, 257, 1310, 2068, 7586, 290]


def make_model():
    torch.manual_seed(0)
    config = transformers.GPT2Config()
    model = transformers.GPT2LMHeadModel(config)
    # The usual initialisation repeats one token for ever.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                parameter.mul_(4 if "wte" not in name else 1)
    return model.half().cuda().eval()


class Decoder(torch.nn.Module):
    """One token in, the likeliest next one out; keys and values stay in buffers."""

    def __init__(self, model, length):
        super().__init__()
        self.model = model
        self.heads, self.width = model.config.n_head, model.config.n_embd
        shape = (1, self.heads, length, self.width // self.heads)
        for number in range(model.config.n_layer):
            for name in "kv":
                empty = torch.zeros(shape, dtype=torch.float16, device="cuda")
                self.register_buffer(f"{name}{number}", empty)
        self.register_buffer("places", torch.arange(length, device="cuda"))

    def reset(self):
        for name, buffer in self.named_buffers(recurse=False):
            if name != "places":
                buffer.zero_()

    def attend(self, number, attention, x, place, mask):
        q, k, v = (part.view(1, 1, self.heads, -1).transpose(1, 2)
                   for part in attention.c_attn(x).split(self.width, 2))
        keys, values = getattr(self, f"k{number}"), getattr(self, f"v{number}")
        keys.index_copy_(2, place, k)
        values.index_copy_(2, place, v)
        y = torch.nn.functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        return attention.c_proj(y.transpose(1, 2).reshape(1, 1, self.width))

    def forward(self, token, place):
        body = self.model.transformer
        x = body.wte(token.view(1, 1)) + body.wpe(place.view(1, 1))
        mask = (self.places <= place).view(1, 1, 1, -1)
        for number, block in enumerate(body.h):
            x = x + self.attend(number, block.attn, block.ln_1(x), place, mask)
            x = x + block.mlp(block.ln_2(x))
        return self.model.lm_head(body.ln_f(x)).view(-1).argmax().view(1)


def long(number):
    return torch.tensor([number], device="cuda")


def follow(step):
    """The prompt, then TOKENS more; every token comes to the host, as a chat program's does."""
    told_tokens = []
    token = PROMPT[0]
    for place in range(len(PROMPT) + TOKENS - 1):
        token = step(token, place)
        if place + 1 < len(PROMPT):
            token = PROMPT[place + 1]
        else:
            told_tokens.append(token)
    return told_tokens


def graph_step(decoder):
    token, place = long(0), long(0)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            decoder(token, place)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = decoder(token, place)

    def step(number, where):
        token.fill_(number)
        place.fill_(where)
        graph.replay()
        return result.item()

    return step


def compiled_step(decoder):
    compiled = torch.compile(decoder, mode="reduce-overhead")
    # Filled in place: torch.tensor() of a number would copy from pageable memory and wait.
    token, place = long(0), long(0)

    def step(number, where):
        token.fill_(number)
        place.fill_(where)
        torch.compiler.cudagraph_mark_step_begin()
        return compiled(token, place).item()

    return step


def generate(model):
    prompt = torch.tensor([PROMPT], device="cuda")
    out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                         max_new_tokens=TOKENS, min_new_tokens=TOKENS, pad_token_id=50256)
    return out[0, len(PROMPT):].tolist()


def timed(work, times):
    """work() makes TOKENS tokens (and runs through the prompt)."""
    torch.cuda.synchronize()
    with told.region("generate", times * TOKENS, "token") as region:
        for _ in range(times):
            work()
        torch.cuda.synchronize()
    told.figure("tokens_per_s", times * TOKENS / region.seconds, "tokens/s", region.span)


def stepwise(model, make_step, times):
    decoder = Decoder(model, 256)
    step = make_step(decoder)
    decoder.reset()
    tokens = follow(step)
    told.value("tokens", tokens)
    told.note("different_tokens", len(set(tokens)))
    told.value("again", follow(step) == tokens)
    timed(lambda: follow(step), times)


def main(how):
    if not torch.cuda.is_available():
        raise SystemExit("torch.cuda.is_available() is false")
    model = make_model()
    with torch.no_grad():
        if how == "eager":
            told.value("tokens", generate(model))
            timed(lambda: generate(model), 2)
        elif how == "graph":
            stepwise(model, graph_step, 24)
        else:
            stepwise(model, compiled_step, 24)
            from torch._dynamo.utils import counters
            told.note("inductor", dict(counters["inductor"]))
    told.done()


main(sys.argv[1] if len(sys.argv) > 1 else "eager")
