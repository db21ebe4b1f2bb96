/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_REACH_H
#define CT_REACH_H

/* Why a control socket, or a group's files, cannot be used, and what to do.  One thread. */

#include <stddef.h>

#include "ctl/client.h"
#include "ctl/ctl.h"

/* "vgpu-broker" or "vgpu-hostd". */
const char *ct_reach_name(enum ct_server server);

/* Fills the error for the -errno of an attempt to talk on `path`. */
void ct_reach_explain(enum ct_server server, const char *path, int rc, struct ct_error *error);

/* Writes why this process lacks the rights of a group, and the cure, to `out` (at most cap bytes,
 * terminated, cut where it is longer).  Returns out. */
const char *ct_reach_group(char *out, size_t cap, const char *group);

#endif
