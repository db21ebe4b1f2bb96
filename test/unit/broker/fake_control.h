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

#endif
