/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CONTROL_ROWS_H
#define BR_CONTROL_ROWS_H

/*
 * Rows of the broker's state for CtlAsk.  A piece holds as many as fit; the next begins
 * behind the id that the ask's cursor names, so rows may come and go between the two.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vgpu.pb-c.h"

struct br_broker;
struct br_control_ask;

/* Where frames are packed. */
struct br_control_piece {
    const struct br_broker *broker;
    uint8_t *bytes; /* borrowed */
    size_t room;
    size_t len; /* packed so far */
};

/* Whether the question can be answered: 0; or -1 and ask->error and ask->text say why not. */
int br_control_rows_check(const struct br_broker *broker, struct br_control_ask *ask);

/* Packs the next rows and moves the cursor.  True: that was the last one. */
bool br_control_rows(struct br_control_ask *ask, struct br_control_piece *piece);

/* Packs one frame, for which there is room. */
void br_control_pack(struct br_control_piece *piece, const Vgpu__Frame *frame);

#endif
