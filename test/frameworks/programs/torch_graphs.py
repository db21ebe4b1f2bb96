# SPDX-License-Identifier: Apache-2.0
"""PyTorch: CUDA graphs by hand, of a training step, of random numbers, and of callables."""

import tensors
import told

torch = tensors.torch


def inference():
    weights = [tensors.made(256, 256, seed=i) * 0.05 for i in range(8)]
    x = tensors.made(64, 256, seed=20)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            y = chain(x, weights)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = chain(x, weights)
    for seed in (30, 31, 32):
        x.copy_(tensors.made(64, 256, seed=seed))
        graph.replay()
        tensors.tell(f"replay.{seed}", y)
        tensors.tell(f"eager.{seed}", chain(x, weights))


def chain(x, weights):
    for weight in weights:
        x = torch.tanh(x @ weight)
    return x.softmax(1)


def random_in_graph():
    graph = torch.cuda.CUDAGraph()
    torch.cuda.manual_seed(11)
    torch.rand(8, device="cuda")
    with torch.cuda.graph(graph):
        x = torch.rand(1000, device="cuda")
    for number in range(3):
        graph.replay()
        tensors.tell(f"random.{number}", x)


def training():
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    model = model.cuda()
    x, y = tensors.made(32, 64), tensors.made(32, 8, seed=9)
    graphed = torch.cuda.make_graphed_callables(model, (x,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(10):
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(graphed(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    told.value("callables.losses", losses)


def refused():
    """A synchronisation ends a capture, and the next capture works."""
    graph = torch.cuda.CUDAGraph()
    x = torch.ones(8, device="cuda")
    try:
        with torch.cuda.graph(graph):
            (x + 1).sum().item()
        told.value("refused", "no error")
    except Exception as error:
        told.value("refused", [type(error).__name__, str(error).splitlines()[0]])
    try:
        again = torch.cuda.CUDAGraph()
        with torch.cuda.graph(again):
            y = x + 41
        again.replay()
        told.value("after", y.tolist())
    except Exception as error:
        told.value("after", [type(error).__name__, str(error).splitlines()[0]])


tensors.require_cuda()
inference()
random_in_graph()
training()
refused()
told.done()
