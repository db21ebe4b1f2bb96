/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "broker/broker.h"
#include "common/fd.h"

/* A guest's socket carries one frame from us, the grant. */
#define GUEST_BUFFER 4096u

struct br_guest {
    struct br_holder holder;
    struct br_broker *broker;
    struct br_link link;
};

static struct br_guest *guest_of(struct br_holder *holder)
{
    return (struct br_guest *)((char *)holder - offsetof(struct br_guest, holder));
}

/* ---- the socket ------------------------------------------------------------- */

/* A guest has nothing to say on its socket: the rings carry everything. */
static int on_frame(struct br_link *link, const uint8_t *frame, size_t len)
{
    const struct br_guest *guest = link->owner;

    (void)frame;
    (void)len;
    br_session_misuse(guest->holder.session, "a frame on the socket");
    return 0;
}

static void on_end(struct br_link *link, int rc)
{
    struct br_guest *guest = link->owner;

    guest->holder.holds = false;
    if (rc == -EPROTO) {
        br_session_misuse(guest->holder.session, "bytes on the socket");
    } else {
        br_session_let_go(guest->holder.session, "the guest is gone");
    }
}

static const struct br_link_ops link_ops = {.on_frame = on_frame, .on_end = on_end};

/* ---- as a holder ------------------------------------------------------------ */

static int grant(struct br_holder *holder)
{
    struct br_guest *guest = guest_of(holder);
    struct br_broker *broker = guest->broker;
    struct br_channel *channel = &holder->session->channel;
    const int fds[] = {channel->memfd, channel->doorbell, channel->interrupt_guest};
    Vgpu__Grant message = VGPU__GRANT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    ssize_t len;
    int rc;

    message.channel_bytes = channel->bytes;
    message.protocol = VGPU_PROTOCOL_VERSION;
    message.session = holder->session->id;
    frame.kind_case = VGPU__FRAME__KIND_GRANT;
    frame.grant = &message;
    len = vgpu_frame_pack(&frame, broker->tx, sizeof(broker->tx));
    if (len < 0) {
        return (int)len;
    }
    rc = br_link_send(&guest->link, broker->tx, (size_t)len, fds, 3);
    vgpu_fd_close(&channel->interrupt_guest);
    return rc;
}

static void dismiss(struct br_holder *holder)
{
    br_link_close(&guest_of(holder)->link);
    holder->holds = false;
}

static void release(struct br_holder *holder, struct br_channel *channel)
{
    struct br_guest *guest = guest_of(holder);

    (void)channel;
    br_link_close(&guest->link);
    free(guest);
}

static const struct br_holder_ops holder_ops = {
    .grant = grant, .dismiss = dismiss, .release = release};

/* Processes of one account could read each other's memory anyway. */
static uint32_t account_of(int fd)
{
    struct ucred cred = {.uid = UINT32_MAX};
    socklen_t len = sizeof(cred);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? cred.uid : UINT32_MAX;
}

int br_guest_new(struct br_broker *broker, int fd)
{
    struct br_guest *guest = calloc(1, sizeof(*guest));
    struct br_channel channel;
    int rc;

    if (guest == NULL) {
        vgpu_fd_close(&fd);
        return -ENOMEM;
    }
    guest->broker = broker;
    guest->holder.ops = &holder_ops;
    guest->holder.tenant = br_tenant_of_account(account_of(fd));
    guest->holder.share = &broker->local;
    guest->holder.warnings = &broker->misuse_limit;
    (void)snprintf(guest->holder.who, sizeof(guest->holder.who), "guest=local");
    rc = br_link_open(&guest->link, &broker->pool, fd, GUEST_BUFFER, &link_ops, guest);
    if (rc == 0) {
        rc = br_channel_make(&channel, broker->channel_bytes);
    }
    if (rc == 0) {
        rc = br_session_new(broker, &guest->holder, &channel);
    }
    if (rc < 0) {
        br_link_close(&guest->link);
        free(guest);
    }
    return rc;
}
