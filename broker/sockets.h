/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SOCKETS_H
#define BR_SOCKETS_H

/*
 * The sockets where everyone connects: guests, supervisors, tools, and one for each virtual
 * machine of the configuration (door.h).  All are bound before the broker locks itself, or come
 * from the service manager (inherited.h).  Who may use one is decided here; of a socket that was
 * passed, by its file's owner and mode alone.
 */

#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/listener.h"
#include "broker/options.h"

struct br_broker;
struct br_inherited;

/* Guests, supervisors, tools. */
#define BR_SOCKETS_OWN 3

/* Starts zeroed. */
struct br_sockets {
    struct br_broker *broker;
    uid_t uid; /* the broker's own: supervisors are it or root */
    struct br_listener guests;
    struct br_listener guests_tmp; /* another name of the same; only passed */
    struct br_listener supervisors;
    struct br_listener control;
    const struct br_roster *roster;
    size_t door_count; /* machines of the roster whose sockets are bound; they close them */
};

/* Takes those of `inherited` that are its own, binds the others and adds the machines to the
 * broker; `options` must outlive the sockets.  0; or -errno, logged with the path:
 * br_sockets_remove() then leaves no file that nobody answers. */
int br_sockets_open(struct br_sockets *sockets, struct br_broker *broker, uv_loop_t *loop,
                    const struct br_options *options, struct br_inherited *inherited);

/* The files that the open ones were bound to, borrowed; `paths` has room for
 * BR_SOCKETS_OWN + door_count.  Returns how many. */
size_t br_sockets_paths(const struct br_sockets *sockets, const char **paths);

/* Removes the files of the sockets that are open; before the lock. */
void br_sockets_remove(const struct br_sockets *sockets);

/* Hands out what waits to be accepted, then closes; not the machines', which br_broker_stop()
 * closes.  The files stay. */
void br_sockets_close(struct br_sockets *sockets);

#endif
