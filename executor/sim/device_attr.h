/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_DEVICE_ATTR_H
#define SIM_DEVICE_ATTR_H

#include "executor/sim/sim_api.h"

/* Value of every device attribute, by number; entry 0 is unused. */
extern const int device_attr[CU_DEVICE_ATTRIBUTE_MAX];

#endif
