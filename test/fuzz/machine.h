/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FUZZ_MACHINE_H
#define TEST_FUZZ_MACHINE_H

/* A virtual machine in the hands of a fuzzer: its device's connection, the descriptors that it
 * hands over, and guests that write its memory. */

#include <stdint.h>

#include "broker/vm.h"
#include "test/fuzz/script.h"

#define FUZZ_CHANNELS 3u

struct fuzz_machine {
    struct br_vm *vm;
    int socket; /* -1: not connected */
    int memfd[FUZZ_CHANNELS];
    int doorbell[FUZZ_CHANNELS];
    uint8_t *base[FUZZ_CHANNELS];
    uint64_t head[FUZZ_CHANNELS];
    uint32_t epoch[FUZZ_CHANNELS];
};

/* Makes its memory; `vm` is borrowed. */
void fuzz_machine_init(struct fuzz_machine *machine, struct br_vm *vm);

/* One step: `what` 0 to 7, `size` its argument. */
void fuzz_machine_step(struct fuzz_machine *machine, struct script *script, uint8_t what,
                       uint8_t size);

/* Reads and forgets what the broker has sent. */
void fuzz_machine_listen(struct fuzz_machine *machine);

void fuzz_machine_fini(struct fuzz_machine *machine);

#endif
