/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_REACH_H
#define CT_REACH_H

/* Why a control socket cannot be used, and what to do. */

#include "ctl/client.h"
#include "ctl/ctl.h"

/* "vgpu-broker" or "vgpu-hostd". */
const char *ct_reach_name(enum ct_server server);

/* Fills the error for the -errno of an attempt to talk on `path`. */
void ct_reach_explain(enum ct_server server, const char *path, int rc, struct ct_error *error);

#endif
