/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/guest/fake_device.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/fake_sysfs.h"

#define OWN_BIT 0x80000000u

_Atomic uint32_t *fake_device_register(struct fake_device *device, uint32_t offset)
{
    return (_Atomic uint32_t *)(void *)(device->registers + offset);
}

static _Atomic uint32_t *channel_register(struct fake_device *device, uint32_t channel,
                                          uint32_t reg)
{
    return fake_device_register(device, VGPU_DEVICE_CHANNEL_REG(channel, reg));
}

struct vgpu_channel_state *fake_device_channel(struct fake_device *device, uint32_t channel)
{
    return vgpu_channel_state(device->slices + (size_t)channel * VGPU_CHANNEL_BYTES_MIN);
}

uint32_t fake_device_state(struct fake_device *device, uint32_t channel)
{
    return atomic_load(channel_register(device, channel, VGPU_CHANNEL_STATE));
}

void fake_device_await(struct fake_device *device, uint32_t channel, uint32_t state)
{
    while (fake_device_state(device, channel) != state) {
        (void)usleep(100);
    }
}

static void show(struct fake_device *device, uint32_t channel, uint32_t state)
{
    atomic_store(channel_register(device, channel, VGPU_CHANNEL_STATE), state);
}

static void end_service(struct fake_device *device, uint32_t channel)
{
    if (device->broker != NULL && device->serving[channel] >= 0) {
        fake_channel_end(&device->broker->channels[device->serving[channel]]);
        device->serving[channel] = -1;
    }
}

static void free_channel(struct fake_device *device, uint32_t channel)
{
    end_service(device, channel);
    fake_sysfs_punch(device->memory_fd, channel);
    atomic_store(channel_register(device, channel, VGPU_CHANNEL_RESULT), 0);
    show(device, channel, VGPU_CHANNEL_FREE);
}

static void refuse(struct fake_device *device, uint32_t channel, int32_t result)
{
    atomic_store(channel_register(device, channel, VGPU_CHANNEL_RESULT), (uint32_t)result);
    show(device, channel, VGPU_CHANNEL_REFUSED);
}

static void grant(struct fake_device *device, uint32_t channel)
{
    uint8_t *base = device->slices + (size_t)channel * VGPU_CHANNEL_BYTES_MIN;
    struct vgpu_channel_header header = {VGPU_CHANNEL_MAGIC, VGPU_PROTOCOL_VERSION,
                                         VGPU_CHANNEL_BYTES_MIN, 100 + channel};

    memcpy(base, &header, sizeof(header));
    if (device->broker != NULL) {
        device->serving[channel] = (int)fake_broker_adopt(device->broker, base);
    }
    show(device, channel, VGPU_CHANNEL_READY);
}

static void on_open(struct fake_device *device, uint32_t channel)
{
    int32_t refusal = device->broker != NULL ? atomic_load(&device->broker->refuse) : 0;

    if (fake_device_state(device, channel) != VGPU_CHANNEL_FREE) {
        return;
    }
    atomic_fetch_add(&device->opens, 1);
    atomic_fetch_add(channel_register(device, channel, VGPU_CHANNEL_EPOCH), 1);
    refusal = refusal != 0 ? refusal : atomic_load(&device->refuse);
    if (!device->linked || refusal != 0) {
        refuse(device, channel, device->linked ? refusal : 802);
        return;
    }
    show(device, channel, VGPU_CHANNEL_OPENING);
    if (!atomic_load(&device->silent)) {
        grant(device, channel);
    }
}

static void on_close(struct fake_device *device, uint32_t channel)
{
    uint32_t state = fake_device_state(device, channel);

    if (state == VGPU_CHANNEL_REFUSED || state == VGPU_CHANNEL_LOST) {
        free_channel(device, channel);
    } else if (state == VGPU_CHANNEL_OPENING || state == VGPU_CHANNEL_READY) {
        atomic_fetch_add(&device->closes, 1);
        show(device, channel, VGPU_CHANNEL_CLOSING);
    }
}

static void look_at_channel(struct fake_device *device, uint32_t channel)
{
    uint32_t control = atomic_exchange(channel_register(device, channel, VGPU_CHANNEL_CONTROL), 0);
    uint32_t state = fake_device_state(device, channel);

    if (state == VGPU_CHANNEL_CLOSING && !atomic_load(&device->keeps)) {
        free_channel(device, channel);
    }
    if (state == VGPU_CHANNEL_READY && atomic_load(&device->watches) &&
        (atomic_load(&fake_device_channel(device, channel)->holder.tid) & VGPU_HOLDER_DIED) != 0) {
        free_channel(device, channel);
    }
    if (control == VGPU_CONTROL_OPEN) {
        on_open(device, channel);
    } else if (control == VGPU_CONTROL_CLOSE) {
        on_close(device, channel);
    }
    if (atomic_exchange(fake_device_register(device, VGPU_DEVICE_DOORBELL(channel)), 0) != 0) {
        atomic_fetch_add(&device->rings, 1);
        if (device->broker != NULL && device->serving[channel] >= 0) {
            fake_channel_ring(&device->broker->channels[device->serving[channel]]);
        }
    }
}

static void lose(struct fake_device *device, uint32_t channel)
{
    uint32_t state = fake_device_state(device, channel);

    if (state == VGPU_CHANNEL_CLOSING) {
        free_channel(device, channel);
    } else if (state == VGPU_CHANNEL_OPENING || state == VGPU_CHANNEL_READY) {
        end_service(device, channel);
        atomic_store(&fake_device_channel(device, channel)->error, 719);
        show(device, channel, VGPU_CHANNEL_LOST);
    }
}

static void look_at_link(struct fake_device *device)
{
    bool link = atomic_load(&device->link);

    if (link != device->linked) {
        device->linked = link;
        for (uint32_t n = 0; n < device->channels && !link; n++) {
            lose(device, n);
        }
        if (link) {
            atomic_fetch_add(fake_device_register(device, VGPU_REG_GENERATION), 1);
        }
    }
    fake_sysfs_link(device, link);
}

void fake_device_interrupt(struct fake_device *device, uint32_t channel)
{
    if (fake_device_state(device, channel) == VGPU_CHANNEL_READY) {
        __atomic_fetch_or(&device->irq_fresh, 1u << channel, __ATOMIC_SEQ_CST);
    }
}

/* A write clears what was shown before it, and nothing that came since. */
static uint32_t settle_status(struct fake_device *device)
{
    _Atomic uint32_t *shown = fake_device_register(device, VGPU_REG_IRQ_STATUS);
    uint32_t fresh = __atomic_exchange_n(&device->irq_fresh, 0, __ATOMIC_SEQ_CST);
    uint32_t written = atomic_load(shown);
    uint32_t status;

    do {
        status = device->irq_status & ((written & OWN_BIT) != 0 ? ~0u : ~written);
    } while (!atomic_compare_exchange_strong(shown, &written, status | fresh | OWN_BIT));
    __atomic_store_n(&device->irq_status, status | fresh, __ATOMIC_SEQ_CST);
    return status | fresh;
}

static void look_at_beat(struct fake_device *device)
{
    _Atomic uint32_t *beat = fake_device_register(device, VGPU_REG_BEAT);

    if ((atomic_load(beat) & OWN_BIT) == 0) {
        atomic_store(beat, ++device->beats | OWN_BIT);
    }
}

static void look_at_interrupts(struct fake_device *device)
{
    uint32_t status;

    for (uint32_t n = 0; n < device->channels && device->broker != NULL; n++) {
        if (device->serving[n] >= 0 &&
            fake_channel_interrupted(&device->broker->channels[device->serving[n]])) {
            fake_device_interrupt(device, n);
        }
    }
    status = settle_status(device);
    if ((status & atomic_load(fake_device_register(device, VGPU_REG_IRQ_ENABLE))) != 0 &&
        fake_sysfs_raise(device)) {
        atomic_fetch_add(&device->raised, 1);
    }
}

static void *run(void *arg)
{
    struct fake_device *device = arg;

    while (!atomic_load(&device->stop)) {
        look_at_link(device);
        for (uint32_t n = 0; n < device->channels; n++) {
            look_at_channel(device, n);
        }
        look_at_interrupts(device);
        look_at_beat(device);
        atomic_fetch_add(&device->turns, 1);
        (void)usleep(20);
    }
    return NULL;
}

/* Two turns: one of them began after this call. */
static void await_turn(struct fake_device *device)
{
    uint32_t before = atomic_load(&device->turns);

    while (atomic_load(&device->turns) - before < 2) {
        (void)usleep(20);
    }
}

void fake_device_link(struct fake_device *device, bool up)
{
    atomic_store(&device->link, up);
    await_turn(device);
}

void fake_device_start(struct fake_device *device)
{
    pthread_t thread;

    fake_sysfs_fill(device);
    if (pthread_create(&thread, NULL, run, device) == 0) {
        device->thread = thread;
        await_turn(device);
    }
}

void fake_device_start_process(struct fake_device *device)
{
    fake_sysfs_fill(device);
    device->process = fork();
    if (device->process == 0) {
        (void)alarm(300);
        (void)run(device);
        _exit(0);
    }
    await_turn(device);
}

void fake_device_halt(struct fake_device *device)
{
    atomic_store(&device->stop, true);
    if (device->thread != 0) {
        (void)pthread_join(device->thread, NULL);
        device->thread = 0;
    }
    if (device->process > 0) {
        (void)waitpid(device->process, NULL, 0);
        device->process = 0;
    }
}

void fake_device_free(struct fake_device *device)
{
    fake_device_halt(device);
    fake_sysfs_remove(device);
    (void)munmap(device, sizeof(*device));
}

/* Under the hands of threads that use it: no data race that matters. */
__attribute__((no_sanitize("thread"))) static void fill(uint8_t *memory, int byte, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        ((volatile uint8_t *)memory)[i] = (uint8_t)byte;
    }
}

void fake_device_unplug(struct fake_device *device, int byte)
{
    fake_device_halt(device);
    fill(device->registers, byte, VGPU_DEVICE_PAGE);
    for (uint32_t n = 0; n < device->channels; n++) {
        /* In truth all goes at once, and by this word guests know it. */
        atomic_store(&fake_device_channel(device, n)->holder.tid, byte != 0 ? ~0u : 0);
        fill(device->slices + (size_t)n * VGPU_CHANNEL_BYTES_MIN, byte,
             VGPU_CHANNEL_PROGRESS_OFFSET);
    }
}
