/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_INTERRUPT_H
#define GS_INTERRUPT_H

/*
 * The device's INTx through uio_pci_generic, where root has bound that driver to the device
 * and opened its node and the device's configuration space to the user.
 *
 *   device: IRQ_STATUS & IRQ_ENABLE ──► kernel masks INTx ──► every reader of /dev/uioN wakes
 *   each:   clears its own IRQ_STATUS bit, unmasks INTx (bit 10 of the command register)
 *
 * All processes of the machine share the line.  A bit that nobody clears (its process is
 * stopped) would raise it again at once and for ever: whoever meets one twice in a row
 * switches it off, and its owner switches it on again before its next sleep.
 */

#include <stdbool.h>
#include <stdint.h>

#include "guest/transport/bars.h"

struct gs_interrupt {
    int node_fd; /* /dev/uioN; -1: this process has no interrupts */
    int config_fd;
    uint32_t met; /* foreign bits of the last look */
};

/* Opens what is needed; without driver or permission there are no interrupts, which is no
 * failure. */
void gs_interrupt_open(struct gs_interrupt *interrupt, const struct gs_pci *pci);
void gs_interrupt_close(struct gs_interrupt *interrupt);

static inline bool gs_interrupt_is_open(const struct gs_interrupt *interrupt)
{
    return interrupt->node_fd >= 0;
}

/* Sleeps until channel `channel` has interrupted: 1; until the line was raised for others, the
 * timeout or a signal: 0; -errno. */
int gs_interrupt_wait(struct gs_interrupt *interrupt, const struct gs_bars *bars, uint32_t channel,
                      uint64_t timeout_ns);

#endif
