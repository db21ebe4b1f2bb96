/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include "device.h"
#include "interrupt.h"
#include "took.h"

bool vgpu_link_is_up(const VgpuDevice *device)
{
    return device->link.state == VGPU_LINK_UP;
}

uint32_t vgpu_link_status(const VgpuDevice *device)
{
    const VgpuLink *link = &device->link;

    return (link->state == VGPU_LINK_UP ? VGPU_STATUS_LINK : 0) |
           (link->state != VGPU_LINK_DOWN ? VGPU_STATUS_CONNECTED : 0) |
           (link->refused ? VGPU_STATUS_REFUSED : 0);
}

void vgpu_link_complain(VgpuDevice *device, const char *what)
{
    VgpuLink *link = &device->link;
    const char *id = DEVICE(device)->id;
    char said[sizeof(link->said)];

    pstrcpy(said, sizeof(said), what);
    for (char *c = said; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    if (strcmp(said, link->said)) {
        pstrcpy(link->said, sizeof(link->said), said);
        warn_report("vgpu-cuda %s: %s", id ? id : "without id", said);
    }
}

/* ---- the end of the connection ---- */

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static void close_fds(VgpuLink *link)
{
    while (link->fd_count > 0) {
        close_fd(link->fds[--link->fd_count]);
    }
}

static void on_closed(VgpuDevice *device)
{
    VgpuLink *link = &device->link;

    link->state = VGPU_LINK_DOWN;
    link->used = 0;
    link->protocol = 0;
    link->beat_asked = false;
    memset(link->version, 0, sizeof(link->version));
    close_fds(link);
    for (uint32_t i = 0; i < device->channels; i++) {
        vgpu_channel_lose(&device->channel[i]);
    }
    for (uint32_t i = 0; i < device->channels; i++) {
        vgpu_channel_wake_lost(&device->channel[i]);
    }
}

/* Closing the chardev calls on_closed().  One that is only about to connect must be left alone: it
 * has its timer already. */
static void disconnect(VgpuDevice *device)
{
    if (device->link.state != VGPU_LINK_DOWN) {
        qemu_chr_fe_disconnect(&device->chr);
    }
}

static void break_link(VgpuDevice *device, const char *why)
{
    vgpu_link_complain(device, why);
    disconnect(device);
}

/* ---- sending ---- */

/*
 * Nothing here may wait for the broker: the guest's processors stand still meanwhile.
 * So a frame that the socket does not take whole and at once ends the connection.  A
 * broker that reads never sees that, because what a guest can make us send without an
 * answer is bounded: an open and a close a channel, one beat, the hello; 66 frames for
 * 32 channels, and a Unix socket takes more than 150 such small ones.  The broker has one
 * beat of its own under way.  Resets have no answer; but each takes the machine a boot's
 * time, so only a broker that reads nothing at all lets them pile up.
 */
static void send_frame(VgpuDevice *device, const struct vgpu_device_frame *frame, int *fds,
                       int fd_count)
{
    uint8_t bytes[VGPU_DEVICE_FRAME_PREFIX_BYTES + VGPU_DEVICE_FRAME_BYTES_MAX];
    int size = (int)vgpu_device_frame_encode(frame, bytes, sizeof(bytes));
    int written;

    g_assert(size > 0);
    if (fd_count > 0 && qemu_chr_fe_set_msgfds(&device->chr, fds, fd_count) < 0) {
        break_link(device, "the chardev cannot pass descriptors");
        return;
    }
    errno = 0;
    written = qemu_chr_fe_write(&device->chr, bytes, size);
    if (written == size) {
        return;
    }
    if (written >= 0 || errno == EAGAIN) {
        vgpu_link_complain(device, "the broker does not read; connection closed");
    }
    disconnect(device);
}

void vgpu_link_send_open(VgpuChannel *channel)
{
    struct vgpu_device_frame frame = {
        .kind = VGPU_DEVICE_FRAME_OPEN,
        .channel = channel->index,
        .epoch = channel->epoch,
    };
    int fds[] = {channel->slice->fd, event_notifier_get_fd(&channel->doorbell)};

    send_frame(channel->device, &frame, fds, ARRAY_SIZE(fds));
}

void vgpu_link_send_close(VgpuChannel *channel)
{
    struct vgpu_device_frame frame = {
        .kind = VGPU_DEVICE_FRAME_CLOSE,
        .channel = channel->index,
        .epoch = channel->epoch,
    };

    send_frame(channel->device, &frame, NULL, 0);
}

void vgpu_link_send_beat(VgpuDevice *device)
{
    VgpuLink *link = &device->link;
    struct vgpu_device_frame frame = {.kind = VGPU_DEVICE_FRAME_BEAT};

    if (link->state != VGPU_LINK_UP || link->beat_asked) {
        return;
    }
    link->beat_asked = true;
    link->beat_counts = true;
    link->beat_number = (link->beat_number + 1) & ~VGPU_BEAT_OF_BROKER;
    frame.number = link->beat_number;
    send_frame(device, &frame, NULL, 0);
}

void vgpu_link_reset(VgpuDevice *device)
{
    VgpuLink *link = &device->link;
    struct vgpu_device_frame frame = {
        .kind = VGPU_DEVICE_FRAME_RESET,
        .resets = device->resets,
    };

    link->beats = 0;
    link->beat_counts = false;
    if (link->state == VGPU_LINK_UP) {
        send_frame(device, &frame, NULL, 0);
    }
}

static void send_hello(VgpuDevice *device)
{
    struct vgpu_device_frame frame = {
        .kind = VGPU_DEVICE_FRAME_HELLO,
        .revision = VGPU_DEVICE_REVISION,
        .protocol = VGPU_PROTOCOL_VERSION,
        .channels = device->channels,
        .generation = device->generation,
        .resets = device->resets,
        .channel_bytes = device->channel_bytes,
    };
    const char *name = device->vm_name ? device->vm_name : qemu_get_vm_name();

    pstrcpy(frame.vm, VGPU_VM_NAME_MAX + 1, name ? name : "");
    pstrcpy(frame.qemu, sizeof(frame.qemu), QEMU_VERSION);
    send_frame(device, &frame, NULL, 0);
}

/* ---- receiving ---- */

/* Takes the oldest descriptor that came, -1 when there is none. */
static int take_fd(VgpuLink *link)
{
    int fd;

    if (link->fd_count == 0) {
        return -1;
    }
    fd = link->fds[0];
    link->fd_count--;
    memmove(link->fds, link->fds + 1, link->fd_count * sizeof(link->fds[0]));
    return fd;
}

static void on_welcome(VgpuDevice *device, const struct vgpu_device_frame *frame)
{
    VgpuLink *link = &device->link;

    if (frame->protocol != VGPU_PROTOCOL_VERSION) {
        break_link(device, "the broker speaks another version of the protocol; connection closed");
        return;
    }
    link->state = VGPU_LINK_UP;
    link->refused = false;
    link->said[0] = '\0';
    link->protocol = frame->protocol;
    strpadcpy((char *)link->version, sizeof(link->version), frame->version, '\0');
    device->generation++;
}

static void on_refuse(VgpuDevice *device, const struct vgpu_device_frame *frame)
{
    char what[sizeof(device->link.said)];

    snprintf(what, sizeof(what), "the broker refuses this machine, %d: %.100s", frame->result,
             frame->reason);
    vgpu_link_complain(device, what);
    device->link.refused = true;
}

/* Sent back, if it is the broker's. */
static void on_beat(VgpuDevice *device, uint32_t number)
{
    VgpuLink *link = &device->link;
    struct vgpu_device_frame frame = {.kind = VGPU_DEVICE_FRAME_BEAT, .number = number};

    if (number & VGPU_BEAT_OF_BROKER) {
        send_frame(device, &frame, NULL, 0);
    } else if (link->beat_asked && number == link->beat_number) {
        link->beat_asked = false;
        link->beats += link->beat_counts ? 1 : 0;
    }
}

/* An index that the device does not have cannot be an old answer.  Ready brings the interrupt. */
static bool on_channel(VgpuDevice *device, const struct vgpu_device_frame *frame)
{
    int fd = -1;

    if (frame->channel >= device->channels) {
        return false;
    }
    if (frame->kind == VGPU_DEVICE_FRAME_READY) {
        fd = take_fd(&device->link);
        if (!vgpu_interrupt_is_pipe(fd)) {
            close_fd(fd);
            return false;
        }
    }
    vgpu_channel_answer(&device->channel[frame->channel], frame, fd);
    return true;
}

/* False when the frame is not one for this state. */
static bool on_frame(VgpuDevice *device, const struct vgpu_device_frame *frame)
{
    bool greeted = device->link.state == VGPU_LINK_GREETED;

    switch (frame->kind) {
    case VGPU_DEVICE_FRAME_WELCOME:
        if (greeted) {
            on_welcome(device, frame);
        }
        return greeted;
    case VGPU_DEVICE_FRAME_REFUSE:
        if (greeted) {
            on_refuse(device, frame);
        }
        return greeted;
    case VGPU_DEVICE_FRAME_READY:
    case VGPU_DEVICE_FRAME_REFUSED:
    case VGPU_DEVICE_FRAME_FREE:
        return !greeted && on_channel(device, frame);
    case VGPU_DEVICE_FRAME_BEAT:
        if (!greeted) {
            on_beat(device, frame->number);
        }
        return !greeted;
    case VGPU_DEVICE_FRAME_TOOK:
        if (!greeted) {
            vgpu_took(device, frame);
        }
        return !greeted;
    default:
        return false;
    }
}

/* Handles the first frame of the buffer if it is whole; false when there is none or no link. */
static bool next_frame(VgpuDevice *device)
{
    VgpuLink *link = &device->link;
    struct vgpu_device_frame frame;
    uint32_t size;

    if (link->used < VGPU_DEVICE_FRAME_PREFIX_BYTES) {
        return false;
    }
    size = ldl_le_p(link->buffer);
    if (size == 0 || size > VGPU_DEVICE_FRAME_BYTES_MAX) {
        break_link(device, "a frame of the broker has a bad length; connection closed");
        return false;
    }
    if (link->used < VGPU_DEVICE_FRAME_PREFIX_BYTES + size) {
        return false;
    }
    if (!vgpu_device_frame_decode(&frame, link->buffer + VGPU_DEVICE_FRAME_PREFIX_BYTES, size)) {
        break_link(device, "a frame of the broker does not decode; connection closed");
        return false;
    }
    size += VGPU_DEVICE_FRAME_PREFIX_BYTES;
    link->used -= size;
    memmove(link->buffer, link->buffer + size, link->used);
    if (!on_frame(device, &frame)) {
        break_link(device, "a frame of the broker is not allowed now; connection closed");
    }
    return link->state != VGPU_LINK_DOWN;
}

/* Queues the descriptors that came with the last bytes; false when there are too many. */
static bool queue_fds(VgpuDevice *device)
{
    VgpuLink *link = &device->link;
    int fds[VGPU_FRAME_FDS_MAX + 1];
    int count = qemu_chr_fe_get_msgfds(&device->chr, fds, ARRAY_SIZE(fds));
    bool fits = true;

    for (int i = 0; i < count; i++) {
        if (link->fd_count < VGPU_FRAME_FDS_MAX) {
            link->fds[link->fd_count++] = fds[i];
        } else {
            close(fds[i]);
            fits = false;
        }
    }
    return fits;
}

static void on_read(void *opaque, const uint8_t *bytes, int count)
{
    VgpuDevice *device = opaque;
    VgpuLink *link = &device->link;

    if (link->state == VGPU_LINK_DOWN || count < 0 ||
        (uint32_t)count > sizeof(link->buffer) - link->used) {
        return;
    }
    memcpy(link->buffer + link->used, bytes, count);
    link->used += count;
    if (!queue_fds(device)) {
        break_link(device, "too many descriptors from the broker; connection closed");
        return;
    }
    while (next_frame(device)) {
    }
}

static int on_can_read(void *opaque)
{
    VgpuDevice *device = opaque;

    return (int)(sizeof(device->link.buffer) - device->link.used);
}

static void on_event(void *opaque, VgpuChrEvent event)
{
    VgpuDevice *device = opaque;

    if (event == CHR_EVENT_OPENED) {
        device->link.state = VGPU_LINK_GREETED;
        send_hello(device);
    } else if (event == CHR_EVENT_CLOSED) {
        on_closed(device);
    }
}

void vgpu_link_start(VgpuDevice *device)
{
    qemu_chr_fe_set_handlers(&device->chr, on_can_read, on_read, on_event, NULL, device, NULL,
                             true);
}

void vgpu_link_stop(VgpuDevice *device)
{
    struct vgpu_device_frame frame = {.kind = VGPU_DEVICE_FRAME_GONE};

    if (device->link.state == VGPU_LINK_UP) {
        send_frame(device, &frame, NULL, 0);
    }
    disconnect(device);
    qemu_chr_fe_deinit(&device->chr, false);
}
