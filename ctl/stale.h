/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_STALE_H
#define CT_STALE_H

/* What runs in another version than what is installed here. */

#include "ctl/view.h"

/* An array of {what, name, text, cure}, empty when all is of one release.  Owned.  `name` and
 * `text` may hold bytes of a guest. */
json_t *ct_stale_notes(const struct ct_view *view);

#endif
