/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_CARD_H
#define EX_SUPERVISOR_CARD_H

/*
 * What the host's kernel says of a card and its driver, and CUDA does not: the driver's release
 * and the PCI ids.  Tools in the guest show them.
 */

#include <stdbool.h>

#include "vgpu.pb-c.h"

/* Adds them to a card's facts (release allocated as protobuf-c does); what cannot be found out
 * stays as it is.  `sim`: the simulator, which has neither.  `sysfs` is "/sys" but for tests.
 */
void ex_card_describe(Vgpu__DeviceFacts *facts, bool sim, const char *sysfs);

#endif
