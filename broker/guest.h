/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_GUEST_H
#define BR_GUEST_H

/*
 * A guest process on this machine, as a holder of a session: its socket, on which it gets
 * the grant and then only its end is told.
 */

struct br_broker;

/* Makes a session for a connected socket, which it takes, and grants it a channel.  0 or -errno
 * (the socket is closed). */
int br_guest_new(struct br_broker *broker, int fd);

#endif
