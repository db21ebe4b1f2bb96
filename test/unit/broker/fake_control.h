/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_BROKER_FAKE_CONTROL_H
#define TEST_BROKER_FAKE_CONTROL_H

/* Clients of the control socket by hand: tools and vgpu-hostd. */

#include "fake.h"
#include "proto/control.h"

/* A connection of this account without a word said. */
void fake_control_connect(struct fake *fake, struct fake_peer *client, uid_t uid);

/* Says CtlHello. */
void fake_control_hello(struct fake_peer *client, uint32_t role);

/* Connects as this process's account, says CtlHello and is welcomed. */
void fake_control_open(struct fake *fake, struct fake_peer *client, uint32_t role);

/* Asks; `vm` may be "". */
void fake_control_ask(struct fake_peer *client, uint32_t id, uint32_t what, const char *vm);

/* The next frame must be this CtlEnd; returns its text, valid until the next. */
const char *fake_control_expect_end(struct fake_peer *client, uint32_t id, uint32_t error);

/* A message of VmSet with this name, and no limits. */
void fake_vm_set_init(Vgpu__VmSet *set, uint32_t id, char *name);

/* Sends a command with descriptors and reads its CtlEnd: its error; *text, if not NULL, is valid
 * until the next.  Events on the way are dropped. */
uint32_t fake_control_command(struct fake *fake, struct fake_peer *host, const Vgpu__Frame *frame,
                              const int *fds, unsigned int count, const char **text);
uint32_t fake_vm_set(struct fake *fake, struct fake_peer *host, const Vgpu__VmSet *set,
                     const int *fds, unsigned int count, const char **text);
uint32_t fake_vm_remove(struct fake *fake, struct fake_peer *host, const char *name);
uint32_t fake_host_begin(struct fake *fake, struct fake_peer *host);
uint32_t fake_host_commit(struct fake *fake, struct fake_peer *host);

/* Sets a pool to `count` GPUs whose uuids are filled with 1, 2, ... */
uint32_t fake_pool_set(struct fake *fake, struct fake_peer *host, const char *name, size_t count);

#endif
