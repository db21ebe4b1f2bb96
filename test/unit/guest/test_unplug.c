/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gs_symbols.h"
#include "guest/libcuda/address.h"
#include "proto/limits.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/fake_device.h"
#include "test/unit/guest/test.h"

static struct fake_broker broker;
static CUcontext context;
static CUdeviceptr memory;

static void start(void)
{
    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&memory, 4096) == CUDA_SUCCESS);
}

static void is_over(void)
{
    CUcontext another;
    CUdeviceptr p;

    CHILD_CHECK(cuMemAlloc_v2(&p, 4) == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(cuMemcpyHtoD_v2(memory, &p, 4) == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(cuMemcpyDtoH_v2(&p, memory, 4) == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(cuCtxCreate_v2(&another, 0, 0) == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(cuCtxDestroy_v2(context) == CUDA_SUCCESS);
}

/* The program's own memory in the window stays memory, though nobody shares it any more. */
static void check_window(uint8_t *pinned)
{
    const uint8_t *there = broker.channels[0].base + ((uintptr_t)pinned - gs_address_window(0));
    uint8_t before = *there;

    CHILD_CHECK(*pinned == 0);
    *pinned = (uint8_t)(before + 1);
    CHILD_CHECK(*there == before);
}

/* A program that only submits. */
static void submit_after(int byte)
{
    uint8_t *pinned;

    start();
    CHILD_CHECK(cuMemHostAlloc((void **)&pinned, 64, 0) == CUDA_SUCCESS);
    fake_device_unplug(broker.device, byte);
    CHILD_CHECK(cuMemsetD8Async(memory, 1, 4096, NULL) == CUDA_ERROR_LAUNCH_FAILED);
    check_window(pinned);
    is_over();
}

static void submit_after_zeros(void)
{
    submit_after(0x00);
}

static void submit_after_ones(void)
{
    submit_after(0xff);
}

static void *unplug_later(void *arg)
{
    (void)usleep(30 * 1000);
    fake_device_unplug(broker.device, *(int *)arg);
    return NULL;
}

/* Registered memory is ordinary memory from then on, in children too. */
static void registered_memory(void)
{
    const size_t bytes = 65536;
    uint8_t *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t child;
    int status;

    start();
    CHILD_CHECK(pages != MAP_FAILED);
    CHILD_CHECK(cuMemHostRegister_v2(pages, bytes, 0) == CUDA_SUCCESS);
    fake_device_unplug(broker.device, 0);
    CHILD_CHECK(cuMemsetD8Async(memory, 1, 4096, NULL) == CUDA_ERROR_LAUNCH_FAILED);
    (void)memset(pages, 7, bytes);
    child = fork();
    if (child == 0) {
        _exit(pages[0] == 7 && pages[bytes - 1] == 7 ? 0 : 1);
    }
    CHILD_CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHILD_CHECK(cuMemHostUnregister(pages) == CUDA_ERROR_LAUNCH_FAILED);
    CHILD_CHECK(pages[0] == 7);
}

/* A thread that waits for an answer that nobody will give. */
static void wait_while(int byte)
{
    pthread_t helper;
    uint8_t *pinned;

    start();
    CHILD_CHECK(cuMemHostAlloc((void **)&pinned, 64, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8Async(memory, 1, 4096, NULL) == CUDA_SUCCESS); /* to be waited for */
    atomic_store(&broker.hold, true);
    CHILD_CHECK(pthread_create(&helper, NULL, unplug_later, &byte) == 0);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_ERROR_LAUNCH_FAILED);
    (void)pthread_join(helper, NULL);
    check_window(pinned);
    is_over();
}

static void wait_for_zeros(void)
{
    wait_while(0x00);
}

static void wait_for_ones(void)
{
    wait_while(0xff);
}

/* A thread that only asks, which it does by looking at memory. */
static void poll_while(int byte)
{
    pthread_t helper;
    CUevent event;
    CUresult cu;

    start();
    CHILD_CHECK(cuEventCreate(&event, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuEventRecord(event, NULL) == CUDA_SUCCESS);
    atomic_store(&broker.hold_fences, true);
    atomic_store(&broker.result, CUDA_ERROR_NOT_READY);
    CHILD_CHECK(cuEventQuery(event) == CUDA_ERROR_NOT_READY);
    CHILD_CHECK(pthread_create(&helper, NULL, unplug_later, &byte) == 0);
    do {
        cu = cuEventQuery(event);
    } while (cu == CUDA_ERROR_NOT_READY);
    CHILD_CHECK(cu == CUDA_ERROR_LAUNCH_FAILED);
    (void)pthread_join(helper, NULL);
    is_over();
}

static void poll_for_zeros(void)
{
    poll_while(0x00);
}

static void poll_for_ones(void)
{
    poll_while(0xff);
}

/* A thread that fills the ring while nobody empties it. */
static void fill_ring(void)
{
    int byte = 0;
    CUresult cu = CUDA_SUCCESS;
    pthread_t helper;

    start();
    atomic_store(&broker.hold, true);
    CHILD_CHECK(pthread_create(&helper, NULL, unplug_later, &byte) == 0);
    while (cu == CUDA_SUCCESS) {
        cu = cuMemsetD8Async(memory, 1, 4096, NULL);
    }
    CHILD_CHECK(cu == CUDA_ERROR_LAUNCH_FAILED);
    (void)pthread_join(helper, NULL);
    is_over();
}

static void link_goes_down(void)
{
    start();
    fake_device_link(broker.device, false);
    fake_device_await(broker.device, 0, VGPU_CHANNEL_LOST);
    CHILD_CHECK(cuMemsetD8Async(memory, 1, 4096, NULL) == CUDA_ERROR_LAUNCH_FAILED);
    is_over();
}

static void no_link(void)
{
    fake_broker_start(&broker);
    fake_device_link(broker.device, false);
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_SYSTEM_NOT_READY);
    fake_device_link(broker.device, true);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
}

static void no_channel(void)
{
    fake_broker_start(&broker);
    atomic_store(&broker.device->refuse, CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_DEVICE_UNAVAILABLE);
}

static void no_device(void)
{
    int count;

    fake_broker_start(&broker);
    fake_device_write(broker.device, "vendor", "0x8086\n");
    if (access("/run/vgpu/broker.sock", F_OK) == 0) {
        (void)printf("a broker runs on this machine: not tried\n");
        return;
    }
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_NO_DEVICE);
    CHILD_CHECK(cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED);
}

static void call_in_child(void)
{
    CHILD_CHECK(cuCtxSynchronize() == CUDA_ERROR_NOT_INITIALIZED);
}

/* The child of a program may end without harm to its parent. */
static void child_of_a_program(void)
{
    start();
    fake_run_in_child(call_in_child);
    CHILD_CHECK(cuMemsetD8Async(memory, 1, 4096, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
    CHILD_CHECK(atomic_load(&broker.device->closes) == 0);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(submit_after_zeros)
IN_CHILD(submit_after_ones)
IN_CHILD(registered_memory)
IN_CHILD(wait_for_zeros)
IN_CHILD(wait_for_ones)
IN_CHILD(poll_for_zeros)
IN_CHILD(poll_for_ones)
IN_CHILD(fill_ring)
IN_CHILD(link_goes_down)
IN_CHILD(no_link)
IN_CHILD(no_channel)
IN_CHILD(no_device)
IN_CHILD(child_of_a_program)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit_after_zeros), cmocka_unit_test(test_submit_after_ones),
        cmocka_unit_test(test_registered_memory),  cmocka_unit_test(test_wait_for_zeros),
        cmocka_unit_test(test_wait_for_ones),      cmocka_unit_test(test_poll_for_zeros),
        cmocka_unit_test(test_poll_for_ones),      cmocka_unit_test(test_fill_ring),
        cmocka_unit_test(test_link_goes_down),     cmocka_unit_test(test_no_link),
        cmocka_unit_test(test_no_channel),         cmocka_unit_test(test_no_device),
        cmocka_unit_test(test_child_of_a_program),
    };

    (void)setenv("VGPU_TEST_TRANSPORT", "device", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
