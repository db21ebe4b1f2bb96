# SPDX-License-Identifier: Apache-2.0
"""PyTorch on cuDNN: convolutions of several kinds, forward and backward, deterministic."""

import tensors
import told

torch = tensors.torch


def run(name, layer, x, dtype):
    layer = layer.to("cuda", dtype)
    x = x.detach().clone().to(dtype).requires_grad_(True)
    y = layer(x)
    tensors.tell(f"{name}.forward", y)
    y.float().square().mean().backward()
    tensors.tell(f"{name}.input_gradient", x.grad)
    tensors.tell(f"{name}.weight_gradient", layer.weight.grad)


tensors.require_cuda()
if not torch.backends.cudnn.is_available():
    told.skip("this PyTorch has no cuDNN")
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
torch.backends.cudnn.allow_tf32 = False
torch.manual_seed(1)
image = tensors.made(4, 16, 56, 56, seed=2)
for kind in (torch.float32, torch.float16, torch.bfloat16):
    run(f"3x3.{kind}", torch.nn.Conv2d(16, 32, 3, padding=1), image, kind)
run("strided", torch.nn.Conv2d(16, 32, 5, stride=2, bias=False), image, torch.float32)
run("grouped", torch.nn.Conv2d(16, 32, 3, groups=4), image, torch.float32)
run("1d", torch.nn.Conv1d(16, 8, 9), image[:, :, 0], torch.float32)
run("3d", torch.nn.Conv3d(4, 8, 3), tensors.made(2, 4, 12, 12, 12), torch.float32)
run("transposed", torch.nn.ConvTranspose2d(16, 8, 4, stride=2), image, torch.float32)
run("channels_last", torch.nn.Conv2d(16, 32, 3).to(memory_format=torch.channels_last),
    image.to(memory_format=torch.channels_last), torch.float16)
tensors.tell("batch_norm", torch.nn.BatchNorm2d(16).cuda()(image))
tensors.tell("pool", torch.nn.functional.max_pool2d(image, 3, 2))
recurrent, _ = torch.nn.LSTM(16, 24, 2).cuda()(tensors.made(20, 3, 16))
tensors.tell("lstm", recurrent)
# The search for the fastest algorithm may choose another one: only near.
torch.backends.cudnn.deterministic = False
torch.backends.cudnn.benchmark = True
tensors.tell_near("benchmark", torch.nn.functional.conv2d(image, tensors.made(8, 16, 3, 3)), 1e-3, 1e-3)
told.done()
