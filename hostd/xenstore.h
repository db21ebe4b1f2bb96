/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_XENSTORE_H
#define HD_XENSTORE_H

/* Which machine a domain of Xen is, as Xen's own store has it. */

#include <stdint.h>

#include "hostd/machine.h"

/* Asks xenstored, which listens at `path`, for the uuid of a domain.  0, and the uuid in lower
 * case; -EAGAIN when it does not answer in a tenth of a second; or another -errno.  A domain cannot
 * write what is read: /local/domain/N/vm is the toolstack's. */
int hd_xenstore_uuid(const char *path, uint32_t domain, char uuid[static HD_UUID_LEN + 1]);

#endif
