/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_ROW_H
#define CT_ROW_H

/*
 * Rows of a control socket, read by the names that their fields have in proto/vgpu.proto, through
 * protobuf-c's descriptors.  A row is borrowed from the frame that it came in.
 */

#include <stdint.h>

#include "vgpu.pb-c.h"

/* The message in a frame; NULL if it has no kind. */
const ProtobufCMessage *ct_row_of(const Vgpu__Frame *frame);

/* A text field, "" for a field that is not there or no text.  Borrowed from the row. */
const char *ct_row_text(const ProtobufCMessage *row, const char *field);

/* A number or bool; 0 for a field that is not there or no number. */
uint64_t ct_row_number(const ProtobufCMessage *row, const char *field);

/* A signed number, of any width. */
int64_t ct_row_signed(const ProtobufCMessage *row, const char *field);

#endif
