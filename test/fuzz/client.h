/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FUZZ_CLIENT_H
#define TEST_FUZZ_CLIENT_H

/* A client of the control socket in the hands of a fuzzer: a tool, or vgpu-hostd. */

#include <stdbool.h>
#include <stdint.h>

#include "broker/broker.h"
#include "test/fuzz/script.h"

struct fuzz_client {
    struct br_broker *broker;
    int socket; /* -1: not connected */
    bool deaf;  /* reads nothing */
    int listener;
};

/* `broker` is borrowed. */
void fuzz_client_init(struct fuzz_client *client, struct br_broker *broker);

/* One step: `what` 0 to 7, `size` its argument. */
void fuzz_client_step(struct fuzz_client *client, struct script *script, uint8_t what,
                      uint8_t size);

/* Reads and forgets what the broker has sent, unless it is deaf. */
void fuzz_client_listen(struct fuzz_client *client);

void fuzz_client_fini(struct fuzz_client *client);

#endif
