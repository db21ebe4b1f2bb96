/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-vm-bell COUNT: round trips that reach the broker and nobody behind it.
 *
 *   record into the ring ─► doorbell ─► broker takes it, answers ─► ring ─► this thread sees it
 *
 * Each is a Close of a session that has no worker, which the broker answers itself.  Prints one
 * line of microseconds.  Exit status: 0, or 1 when there is no broker.
 */
#include "guest/libcuda/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "guest/libcuda/thread.h"
#include "guest/transport/obstacle.h"

struct bell {
    struct gs_link link;
    struct gs_thread *thread;
    _Atomic uint64_t answers;
    uint64_t awaited;
};

static void on_frame(void *owner, const Vgpu__Frame *frame)
{
    struct bell *bell = owner;

    if (frame->kind_case == VGPU__FRAME__KIND_WELCOME ||
        frame->kind_case == VGPU__FRAME__KIND_CLOSED) {
        atomic_fetch_add(&bell->answers, 1);
    }
}

static bool answered(void *arg)
{
    struct bell *bell = arg;

    return atomic_load(&bell->answers) >= bell->awaited;
}

static bool round_trip(struct bell *bell, const Vgpu__Frame *frame)
{
    bell->awaited++;
    return gs_link_frame(&bell->link, bell->thread, frame) == CUDA_SUCCESS &&
           gs_link_wait(&bell->link, answered, bell, GS_SPIN) == CUDA_SUCCESS;
}

static bool greet(struct bell *bell)
{
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[] = "vgpu-vm-bell";

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.pid = (uint32_t)getpid();
    hello.program = name;
    hello.version = name;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    return round_trip(bell, &frame);
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static bool measure(struct bell *bell, uint64_t *ns, unsigned long count)
{
    Vgpu__Close close = VGPU__CLOSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_CLOSE;
    frame.close = &close;
    for (unsigned long i = 0; i < count; i++) {
        uint64_t begin = vgpu_clock_ns();

        if (!round_trip(bell, &frame)) {
            return false;
        }
        ns[i] = vgpu_clock_ns() - begin;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct bell bell = {.link = {.on_frame = on_frame, .owner = &bell}};
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    uint64_t *ns = calloc(count, sizeof(*ns));
    struct gs_obstacle obstacle;

    if (!ns || count == 0) {
        return 1;
    }
    if (gs_link_open(&bell.link, NULL, &obstacle) < 0) {
        fprintf(stderr, "vgpu-vm-bell: %s\n", obstacle.text);
        return 1;
    }
    bell.thread = gs_thread_get();
    if (!bell.thread || !greet(&bell) || !measure(&bell, ns, count)) {
        fprintf(stderr, "vgpu-vm-bell: the channel ended with %d\n",
                (int)gs_link_error(&bell.link));
        return 1;
    }
    qsort(ns, count, sizeof(*ns), by_value);
    printf("count=%lu min=%.1f p50=%.1f p90=%.1f p99=%.1f\n", count, (double)ns[0] / 1e3,
           (double)ns[count / 2] / 1e3, (double)ns[count * 9 / 10] / 1e3,
           (double)ns[count * 99 / 100] / 1e3);
    gs_link_close(&bell.link);
    return 0;
}
