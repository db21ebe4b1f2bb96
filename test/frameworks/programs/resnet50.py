# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 (torchvision, random weights): 20 training steps, then 20 more that are timed."""

import tensors
import told

torch = tensors.torch
torchvision = told.need("torchvision")
STEPS = 20
BATCH = 64


def make_data():
    images = [tensors.made(BATCH, 3, 224, 224, seed=seed) for seed in (1, 2)]
    labels = [torch.arange(BATCH, device="cuda") * factor % 1000 for factor in (7, 13)]
    return list(zip(images, labels))


def train(model, optimizer, data, steps):
    losses = []
    for number in range(steps):
        image, label = data[number % len(data)]
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(image), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


tensors.require_cuda()
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
torch.manual_seed(0)
net = torchvision.models.resnet50(weights=None).cuda()
sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
batches = make_data()
told.near("losses", train(net, sgd, batches, STEPS), absolute=1e-3)
torch.cuda.synchronize()
with told.region("train", STEPS, "step") as region:
    train(net, sgd, batches, STEPS)
    torch.cuda.synchronize()
told.figure("images_per_s", STEPS * BATCH / region.seconds, "images/s", region.span)
told.note("memory_peak_mib", torch.cuda.max_memory_allocated() >> 20)
told.done()
