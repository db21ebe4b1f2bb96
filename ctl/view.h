/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_VIEW_H
#define CT_VIEW_H

/* All that vgpu-broker and vgpu-hostd tell at one moment: for status, top, doctor, self-test. */

#include "ctl/rows.h"

struct ct_view {
    bool has_broker; /* it answered every question; else broker_error says why not */
    bool has_hostd;
    struct ct_error broker_error;
    struct ct_error hostd_error;
    struct ct_rows broker; /* one row */
    struct ct_rows vms;
    struct ct_rows gpus;
    struct ct_rows pools;
    struct ct_rows sessions;
    struct ct_rows hostd; /* one row */
    struct ct_rows qemus;
    struct ct_rows registry;
};

/* Asks the broker everything.  0 or -errno, and then has_broker is false. */
int ct_view_read_broker(struct ct_view *view, const struct ct_options *options);

/* The same of vgpu-hostd. */
int ct_view_read_hostd(struct ct_view *view, const struct ct_options *options);

/* Frees the rows; a view that was not read, or is freed already, may come too. */
void ct_view_free(struct ct_view *view);

/* The one row of the broker, or of vgpu-hostd; NULL without. */
const ProtobufCMessage *ct_view_broker(const struct ct_view *view);
const ProtobufCMessage *ct_view_hostd(const struct ct_view *view);

#endif
