/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_TABLE_H
#define CT_TABLE_H

/* Rows as a table of text: columns pick fields by name; texts are escaped. */

#include <stddef.h>
#include <stdio.h>

#include "ctl/rows.h"

enum ct_form {
    CT_TEXT,     /* "-" when empty */
    CT_NUMBER,   /* as it is */
    CT_COUNT,    /* 123.4k */
    CT_BYTES,    /* 1.5 GiB */
    CT_LIMIT,    /* bytes; 0 is no limit: "-" */
    CT_AGE,      /* milliseconds; negative: "never" */
    CT_REVISION, /* of a device, 0x10002: 1.2; 0: "-" */
    CT_CUDA,     /* 12040: 12.4; 0: "-" */
};

struct ct_column {
    const char *title;
    const char *field;
    enum ct_form form;
};

/* Longest text in a cell, with its terminator. */
#define CT_CELL 72

/* One field of a row as its cell shows it. */
void ct_table_cell(const struct ct_column *column, const ProtobufCMessage *row,
                   char cell[static CT_CELL]);

/* Titles and rows, `width` columns at most (0: no limit); `empty` instead when there are none. */
void ct_table_print(FILE *file, const struct ct_column *columns, size_t count,
                    const struct ct_rows *rows, size_t width, const char *empty);

#endif
