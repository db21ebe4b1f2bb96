/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SOCKETS_H
#define BR_SOCKETS_H

/*
 * The sockets where everyone connects: guests, supervisors, tools, and one for each virtual
 * machine of the configuration (door.h).  All are bound before the broker locks itself; who
 * may use one is decided here.
 */

#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/listener.h"
#include "broker/options.h"

struct br_broker;

/* Starts zeroed. */
struct br_sockets {
    struct br_broker *broker;
    uid_t uid; /* the broker's own: supervisors are it or root */
    struct br_listener guests;
    struct br_listener supervisors;
    struct br_listener control;
    const struct br_roster *roster;
    size_t door_count; /* machines of the roster whose sockets are bound; they close them */
};

/* Binds all of them and adds the machines to the broker; `options` must outlive the sockets.  0; or
 * -errno, logged with the path: br_sockets_remove() then leaves no file that nobody answers. */
int br_sockets_open(struct br_sockets *sockets, struct br_broker *broker, uv_loop_t *loop,
                    const struct br_options *options);

/* The number of their files. */
size_t br_sockets_count(const struct br_options *options);

/* Names their files: br_sockets_count() borrowed paths. */
void br_sockets_paths(const struct br_options *options, const char **paths);

/* Removes the files of the sockets that are open; before the lock. */
void br_sockets_remove(const struct br_sockets *sockets);

/* Hands out what waits to be accepted, then closes; not the machines', which br_broker_stop()
 * closes.  The files stay. */
void br_sockets_close(struct br_sockets *sockets);

#endif
