# SPDX-License-Identifier: Apache-2.0
"""PyTorch: pinned memory, copies that do not block, streams and events."""

import tensors
import told

torch = tensors.torch
COUNT = 4 << 20


def there_and_back():
    source = torch.arange(COUNT, dtype=torch.int32).pin_memory()
    told.value("is_pinned", [source.is_pinned(), torch.empty(4).is_pinned()])
    device = source.to("cuda", non_blocking=True)
    back = torch.empty(COUNT, dtype=torch.int32, pin_memory=True)
    back.copy_(device * 3 + 1, non_blocking=True)
    torch.cuda.current_stream().synchronize()
    told.content("pinned", tensors.raw(back))
    told.value("pinned.right", bool((back == source * 3 + 1).all()))


def source_reused():
    """Pageable memory may be written again as soon as the copy has returned."""
    total = torch.zeros((), dtype=torch.int64, device="cuda")
    pageable = torch.empty(1 << 18, dtype=torch.int32)
    for number in range(50):
        pageable.fill_(number)
        total += pageable.to("cuda", non_blocking=True).sum()
    told.value("pageable", [total.item(), (1 << 18) * sum(range(50))])


def streams():
    first, second = torch.cuda.Stream(), torch.cuda.Stream(priority=-1)
    host = torch.ones(COUNT).pin_memory()
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    with torch.cuda.stream(first):
        begin.record()
        x = host.to("cuda", non_blocking=True)
        for _ in range(20):
            x = x * 1.0001
        end.record()
    second.wait_event(end)
    with torch.cuda.stream(second):
        y = x.sum()
    x.record_stream(second)
    second.synchronize()
    tensors.tell("streams", y)
    told.value("event.order", begin.elapsed_time(end) > 0 and begin.query() and end.query())
    told.value("stream.query", [first.query(), second.query()])
    told.value("priority_range", list(torch.cuda.Stream.priority_range()))


def many_small():
    results = [torch.full((3,), i, device="cuda").to("cpu", non_blocking=True) for i in range(200)]
    torch.cuda.synchronize()
    told.content("small", b"".join(tensors.raw(r) for r in results))


def sizes():
    for count in (1, 255, 4096, 65537, 1 << 20, (8 << 20) + 3):
        data = torch.arange(count, dtype=torch.int64).to(torch.uint8)
        same = torch.equal(data.cuda().cpu(), data) and torch.equal(
            data.pin_memory().cuda(non_blocking=True).cpu(), data)
        told.value(f"size.{count}", same)
    strided = tensors.made(300, 400)[::3, ::2]
    tensors.tell("strided", strided)
    tensors.tell("transposed", tensors.made(300, 400).t())


tensors.require_cuda()
there_and_back()
source_reused()
streams()
many_small()
sizes()
told.done()
