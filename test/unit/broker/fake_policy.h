/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_BROKER_FAKE_POLICY_H
#define TEST_BROKER_FAKE_POLICY_H

/* Two machines, two GPUs of 1,000 MiB, and up to four guests with workers. */

#include "fake_vm.h"

#define MIB ((uint64_t)1 << 20)

enum { STAGE_VMS = 2, STAGE_GPUS = 2, STAGE_GUESTS = 4 };

struct stage {
    struct fake fake;
    struct br_vm *vm[STAGE_VMS];
    struct fake_peer device[STAGE_VMS];
    struct fake_peer gpu[STAGE_GPUS];
    struct fake_guest guest[STAGE_GUESTS];
    struct fake_peer worker[STAGE_GUESTS];
    uint32_t channels;
};

/* cmocka's fixtures; the stage is static.  Machines are "alpha" and "beta", connected; the GPUs'
 * uuids are filled with 1 and 2. */
int stage_setup(void **state);
int stage_teardown(void **state);

/* The uuid of a GPU. */
const uint8_t *stage_uuid(int gpu);

/* A guest of a machine that has said Hello: the answer, valid until the next frame. */
const Vgpu__Frame *stage_greet(struct stage *s, int vm, int guest);

/* The same up to an open session, whose worker is s->worker[guest], on a GPU; its Attach is
 * *attach, if that is wanted. */
void stage_open(struct stage *s, int vm, int guest, int gpu, bool *ledger);

/* The worker has ended and is reaped. */
void stage_reap(struct stage *s, int guest, int gpu);

/* Sets a policy; it must be taken. */
void stage_set(struct stage *s, int vm, const struct br_policy *policy);

/* A pool of one GPU. */
void stage_pool(struct stage *s, const char *name, int gpu);

#endif
