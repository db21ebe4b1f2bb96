/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_vm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/device.h"

void fake_device_connect(struct br_vm *vm, struct fake_peer *device)
{
    int theirs;

    vgpu_frame_socket_init(&device->socket, fake_pair(&theirs));
    br_vm_connect(vm, theirs, getpid(), geteuid());
}

void fake_hello_init(Vgpu__DeviceHello *hello)
{
    static char name[] = "a machine";
    static char qemu[] = "7.2.22";

    vgpu__device_hello__init(hello);
    hello->revision = VGPU_DEVICE_REVISION;
    hello->protocol = VGPU_PROTOCOL_VERSION;
    hello->channels = FAKE_CHANNELS;
    hello->channel_bytes = FAKE_CHANNEL_BYTES;
    hello->generation = 1;
    hello->vm = name;
    hello->qemu = qemu;
}

void fake_device_hello(struct fake_peer *device, const Vgpu__DeviceHello *hello)
{
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    Vgpu__DeviceHello copy = *hello;

    frame.kind_case = VGPU__FRAME__KIND_DEVICE_HELLO;
    frame.device_hello = &copy;
    fake_send(device, &frame);
}

void fake_device_open(struct fake *fake, struct br_vm *vm, struct fake_peer *device)
{
    Vgpu__DeviceHello hello;

    fake_device_connect(vm, device);
    fake_hello_init(&hello);
    fake_device_hello(device, &hello);
    fake_pump(fake);
    assert_int_equal(
        fake_expect(device, VGPU__FRAME__KIND_DEVICE_WELCOME)->device_welcome->protocol,
        VGPU_PROTOCOL_VERSION);
}

void fake_device_ask(struct fake_peer *device, uint32_t channel, uint32_t epoch, const int *fds,
                     unsigned int fd_count)
{
    Vgpu__ChannelOpen open = VGPU__CHANNEL_OPEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int rc;

    open.channel = channel;
    open.epoch = epoch;
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_OPEN;
    frame.channel_open = &open;
    rc = vgpu_frame_socket_send(&device->socket, &frame, fds, fd_count);
    assert_int_equal(rc, 0);
}

void fake_device_close_channel(struct fake_peer *device, uint32_t channel, uint32_t epoch)
{
    Vgpu__ChannelClose close = VGPU__CHANNEL_CLOSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    close.channel = channel;
    close.epoch = epoch;
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_CLOSE;
    frame.channel_close = &close;
    fake_send(device, &frame);
}

void fake_device_reset(struct fake_peer *device, uint32_t resets)
{
    Vgpu__DeviceReset reset = VGPU__DEVICE_RESET__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    reset.resets = resets;
    frame.kind_case = VGPU__FRAME__KIND_DEVICE_RESET;
    frame.device_reset = &reset;
    fake_send(device, &frame);
}

void fake_device_gone(struct fake_peer *device)
{
    Vgpu__DeviceGone gone = VGPU__DEVICE_GONE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_DEVICE_GONE;
    frame.device_gone = &gone;
    fake_send(device, &frame);
}

void fake_device_beat(struct fake_peer *device, uint32_t number)
{
    Vgpu__Beat beat = VGPU__BEAT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    beat.number = number;
    frame.kind_case = VGPU__FRAME__KIND_BEAT;
    frame.beat = &beat;
    fake_send(device, &frame);
}

int fake_memory(void)
{
    int fd = memfd_create("fake-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, FAKE_CHANNEL_BYTES), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    return fd;
}

void fake_vm_guest_open(struct fake *fake, struct fake_peer *device, uint32_t channel,
                        uint32_t epoch, struct fake_guest *guest)
{
    const Vgpu__ChannelReady *ready;
    int fds[2];

    /* Memory that a caller has already is used again. */
    fds[0] = guest->base != NULL ? guest->memfd : fake_memory();
    if (guest->base != NULL) {
        vgpu_fd_close(&guest->doorbell);
        vgpu_fd_close(&guest->interrupt);
        (void)munmap(guest->base, guest->bytes);
    }
    memset(guest, 0, sizeof(*guest));
    fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fake_device_ask(device, channel, epoch, fds, 2);
    fake_pump(fake);
    ready = fake_expect(device, VGPU__FRAME__KIND_CHANNEL_READY)->channel_ready;
    assert_int_equal(ready->channel, channel);
    assert_int_equal(ready->epoch, epoch);
    guest->socket.fd = -1;
    guest->memfd = fds[0];
    guest->doorbell = fds[1];
    guest->interrupt = vgpu_frame_socket_take_fd(&device->socket);
    assert_true(guest->interrupt >= 0);
    guest->bytes = FAKE_CHANNEL_BYTES;
    guest->base = mmap(NULL, guest->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memfd, 0);
    assert_true(guest->base != MAP_FAILED);
    vgpu_channel_submit_ring(&guest->submit, guest->base);
    vgpu_channel_complete_ring(&guest->complete, guest->base);
}

void fake_expect_free(struct fake_peer *device, uint32_t channel, uint32_t epoch)
{
    const Vgpu__ChannelFree *free =
        fake_expect(device, VGPU__FRAME__KIND_CHANNEL_FREE)->channel_free;

    assert_int_equal(free->channel, channel);
    assert_int_equal(free->epoch, epoch);
}
