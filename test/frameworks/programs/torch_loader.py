# SPDX-License-Identifier: Apache-2.0
"""PyTorch: a DataLoader with forked workers and pinned memory, begun after CUDA is in use."""

import tensors
import told

torch = tensors.torch


class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 256

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return torch.randn(3, 32, 32, generator=generator), index


tensors.require_cuda()
layer = torch.nn.functional
weight = tensors.made(8, 3, 3, 3)
for persistent in (False, True):
    loader = torch.utils.data.DataLoader(
        Numbers(), batch_size=32, num_workers=3, pin_memory=True, persistent_workers=persistent,
        multiprocessing_context="fork")
    for epoch in range(2):
        pinned, order, total = [], [], torch.zeros(8, device="cuda", dtype=torch.float64)
        for images, numbers in loader:
            pinned.append(images.is_pinned())
            order += numbers.tolist()
            total += layer.conv2d(images.to("cuda", non_blocking=True), weight).double().sum((0, 2, 3))
        tag = f"{'persistent' if persistent else 'fresh'}.{epoch}"
        told.value(f"{tag}.pinned", all(pinned))
        told.value(f"{tag}.order", order == list(range(256)))
        tensors.tell_near(f"{tag}.total", total, 1e-6, 1e-4)
    del loader
told.done()
