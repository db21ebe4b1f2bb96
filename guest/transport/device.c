/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/device.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/transport/claim.h"
#include "guest/transport/holder.h"
#include "guest/transport/interrupt.h"
#include "guest/transport/nap.h"

/* After so much sleep a waiting thread looks whether the host is still there.  The error word tells
 * sooner, but not of a device that was unplugged. */
#define LOOK_NS (50 * VGPU_NS_PER_MS)
#define NAP_NS  VGPU_NS_PER_MS

/* What a channel of this transport has of its own. */
struct gs_device_channel {
    struct gs_claim claim;
    struct gs_interrupt interrupt;
    uint64_t slept_ns; /* since the last look */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gs_bars device = GS_BARS_CLOSED;
static unsigned int channels_open; /* as long as there are any, the device stays the same one */

bool gs_device_is_present(void)
{
    struct gs_pci pci;

    return gs_pci_find(&pci) == 0;
}

/* The child has neither the mappings nor the thread, and what it closes it closes for itself. */
static void in_child(void)
{
    (void)pthread_mutex_init(&lock, NULL);
    channels_open = 0;
    gs_holder_forget();
    gs_bars_close(&device, true);
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, in_child);
}

static int attach_locked(struct gs_obstacle *obstacle)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, watch_forks);
    if (channels_open > 0 && gs_bars_alive(&device)) {
        return 0;
    }
    if (channels_open > 0) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_FOREIGN, -ENODEV,
                               "device %s was unplugged under this process: only a new process can "
                               "use another one",
                               device.pci.address);
    }
    return gs_bars_open(&device, obstacle);
}

int gs_device_attach(const struct gs_bars **bars, struct gs_obstacle *obstacle)
{
    int rc;

    (void)pthread_mutex_lock(&lock);
    rc = attach_locked(obstacle);
    (void)pthread_mutex_unlock(&lock);
    *bars = &device;
    return rc;
}

static int take_locked(struct gs_device_channel *own, struct gs_obstacle *obstacle)
{
    int rc = attach_locked(obstacle);

    if (rc == 0) {
        rc = gs_claim_take(&device, &own->claim, obstacle);
    }
    channels_open += rc == 0;
    return rc;
}

static void describe(struct gs_channel *channel, struct gs_device_channel *own)
{
    const struct vgpu_channel_header *header = (const void *)own->claim.pages;

    *channel = (struct gs_channel){
        .transport = &gs_transport_device,
        .memory_fd = device.control_fd,
        .data_fd = device.data_fd,
        .memory_offset = own->claim.channel * device.channel_bytes,
        .bytes = device.channel_bytes,
        .session = header->session,
        .doorbell_fd = -1,
        .interrupt_fd = -1,
        .end_fd = -1,
        .device = own,
        .apart = true,
        .polls = !gs_interrupt_is_open(&own->interrupt),
        .holder = &gs_claim_state(&own->claim)->holder.tid,
        .holder_id = gs_holder_id(),
    };
}

static int device_open(struct gs_channel *channel, const char *where, struct gs_obstacle *obstacle)
{
    struct gs_device_channel *own = calloc(1, sizeof(*own));
    int rc;

    (void)where;
    if (own == NULL) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, -ENOMEM, "no memory");
    }
    (void)pthread_mutex_lock(&lock);
    rc = take_locked(own, obstacle);
    (void)pthread_mutex_unlock(&lock);
    if (rc != 0) {
        free(own);
        return rc;
    }
    gs_interrupt_open(&own->interrupt, &device.pci);
    describe(channel, own);
    return 0;
}

static void device_close(struct gs_channel *channel)
{
    struct gs_device_channel *own = channel->device;

    gs_interrupt_close(&own->interrupt);
    /* In a child the lock may be held by a thread that is not there. */
    if (own->claim.process == getpid()) {
        (void)pthread_mutex_lock(&lock);
        gs_claim_give(&device, &own->claim);
        channels_open--;
        (void)pthread_mutex_unlock(&lock);
    }
    free(own);
    channel->device = NULL;
}

static int device_ring(struct gs_channel *channel)
{
    __atomic_store_n(channel->device->claim.doorbell, 1, __ATOMIC_RELEASE);
    return 0;
}

static int sleep_once(struct gs_channel *channel, uint64_t ns)
{
    struct gs_device_channel *own = channel->device;
    int rc = 0;

    if (!channel->polls) {
        rc = gs_interrupt_wait(&own->interrupt, &device, own->claim.channel, ns);
    }
    if (channel->polls || rc < 0) {
        /* Interrupts that have stopped working are no end of the channel. */
        gs_nap_for(rc < 0 && ns > NAP_NS ? NAP_NS : ns);
        rc = 0;
    }
    return rc;
}

/* Sleeps up to LOOK_NS. */
static int sleep_and_look(struct gs_channel *channel, uint64_t ns)
{
    struct gs_device_channel *own = channel->device;
    uint64_t before_ns = vgpu_clock_ns();
    int rc = sleep_once(channel, ns);

    own->slept_ns += vgpu_clock_ns() - before_ns;
    if (own->slept_ns >= LOOK_NS) {
        own->slept_ns = 0;
        if (!gs_claim_alive(&device, &own->claim)) {
            if (!gs_bars_alive(&device)) {
                gs_channel_retire(channel);
            }
            return -ECONNRESET;
        }
    }
    return rc;
}

static int device_wait(struct gs_channel *channel, int64_t timeout_ns)
{
    uint64_t start_ns = vgpu_clock_ns();
    uint64_t limit_ns = timeout_ns < 0 ? UINT64_MAX : (uint64_t)timeout_ns;
    uint64_t passed_ns = 0;
    int rc = 0;

    while (rc == 0 && passed_ns < limit_ns) {
        uint64_t rest_ns = limit_ns - passed_ns;

        rc = sleep_and_look(channel, rest_ns < LOOK_NS ? rest_ns : LOOK_NS);
        passed_ns = vgpu_clock_ns() - start_ns;
    }
    return rc;
}

uint32_t gs_device_channel(const struct gs_channel *channel)
{
    return channel->device->claim.channel;
}

const struct gs_transport gs_transport_device = {
    .name = "device",
    .open = device_open,
    .close = device_close,
    .ring = device_ring,
    .wait = device_wait,
};
