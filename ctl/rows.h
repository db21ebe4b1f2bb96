/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_ROWS_H
#define CT_ROWS_H

/* All rows of one answer, kept.  Zeroed is empty. */

#include <stddef.h>

#include "ctl/client.h"
#include "ctl/json.h"

/* More than any honest peer has: sessions_max is at most 4096. */
#define CT_ROWS_MAX 65536

struct ct_rows {
    size_t count;
    size_t room;
    Vgpu__Frame **frames; /* owned copies */
};

/* Asks and takes every row, which must be of the kind that `what` promises.  0, or -errno with
 * `error` set.  Free it in either case. */
int ct_rows_ask(struct ct_rows *rows, struct ct_client *client, enum vgpu_ctl_what what,
                const char *vm, struct ct_error *error);

/* Borrowed; i < count. */
const ProtobufCMessage *ct_rows_at(const struct ct_rows *rows, size_t i);

/* The row whose text field has this value, or NULL. */
const ProtobufCMessage *ct_rows_find(const struct ct_rows *rows, const char *field,
                                     const char *value);

/* The sum of a number over all rows. */
uint64_t ct_rows_sum(const struct ct_rows *rows, const char *field);

/* An array of all rows.  Owned. */
json_t *ct_rows_json(const struct ct_rows *rows);

/* Frees the copies and empties it. */
void ct_rows_free(struct ct_rows *rows);

#endif
