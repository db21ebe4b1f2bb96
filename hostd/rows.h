/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_ROWS_H
#define HD_ROWS_H

/* Private to hostd/.  The rows that answer a tool's CtlAsk. */

#include "hostd/link.h"

struct hd_hostd;

/* Sends the rows of the kind asked for.  0; -EINVAL or -ENOENT with a line in `why`. */
int hd_rows_send(struct hd_hostd *hostd, struct hd_link *link, const Vgpu__CtlAsk *ask, char *why,
                 size_t cap);

#endif
