/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_AGE_H
#define SIM_AGE_H

#include <stdint.h>

/* The version of the driver that is simulated; VGPU_SIM_VERSION makes it older. */
#define SIM_VERSION 13000

/* The first version that has the call at an address; 0 when every version has. */
int sim_since(uintptr_t address);

#endif
