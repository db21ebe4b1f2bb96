/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_JSON_H
#define CT_JSON_H

/* JSON on standard output (jansson).  Keys are the names of proto/vgpu.proto, figures are raw. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl/row.h"

/* Puts a value into an object; takes it.  All of these end the program when memory is out. */
void ct_json_put(json_t *object, const char *key, json_t *value);

/* A text of anyone's: what is no UTF-8 is escaped as ct_escape() does. */
void ct_json_text(json_t *object, const char *key, const char *text);
void ct_json_number(json_t *object, const char *key, uint64_t number);
void ct_json_bool(json_t *object, const char *key, bool value);

/* All fields of a row, generically.  Owned. */
json_t *ct_json_row(const ProtobufCMessage *row);

/* Prints a value, indented, in ASCII, and frees it. */
void ct_json_print(json_t *value);

/* The same in one line, flushed: for what goes on. */
void ct_json_print_line(json_t *value);

#endif
