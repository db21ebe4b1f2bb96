/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CONTROL_HOST_H
#define BR_CONTROL_HOST_H

/*
 * Commands of vgpu-hostd: machines, pools, drained GPUs, who is connected.  Each is checked
 * whole before anything changes, and answered by CtlEnd.  vgpu-hostd is trusted with what
 * machines may have; its mistakes are refused all the same, with words for its log.
 */

#include "vgpu.pb-c.h"

struct br_control_client;

/* A frame that the phase of a host admits. */
void br_control_host_frame(struct br_control_client *client, const Vgpu__Frame *frame);

#endif
