/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"

#include <string.h>

#include "ctl/escape.h"
#include "ctl/human.h"

#define COLUMNS_MAX 16
#define TABLE_LINE  1024

static void cell_number(const struct ct_column *column, int64_t number, char cell[static CT_CELL])
{
    uint64_t value = (uint64_t)number;
    char text[CT_HUMAN] = "-";

    switch (column->form) {
    case CT_COUNT:
        (void)ct_count(text, value);
        break;
    case CT_BYTES:
        (void)ct_bytes(text, value);
        break;
    case CT_LIMIT:
        if (value != 0) {
            (void)ct_bytes(text, value);
        }
        break;
    case CT_AGE:
        if (number < 0) {
            (void)snprintf(text, sizeof(text), "never");
        } else {
            (void)ct_duration(text, value);
        }
        break;
    case CT_CUDA:
        if (value != 0) {
            (void)snprintf(text, sizeof(text), "%u.%u", (unsigned int)value / 1000,
                           (unsigned int)value % 1000 / 10);
        }
        break;
    case CT_REVISION:
        if (value != 0) {
            (void)snprintf(text, sizeof(text), "%u.%u", (unsigned int)(value >> 16 & 0xffff),
                           (unsigned int)(value & 0xffff));
        }
        break;
    case CT_TEXT:
    case CT_NUMBER:
        (void)snprintf(text, sizeof(text), "%lld", (long long)number);
        break;
    }
    (void)snprintf(cell, CT_CELL, "%s", text);
}

void ct_table_cell(const struct ct_column *column, const ProtobufCMessage *row,
                   char cell[static CT_CELL])
{
    if (column->form == CT_TEXT) {
        const char *text = ct_row_text(row, column->field);

        (void)ct_escape(cell, CT_CELL, text[0] != '\0' ? text : "-");
        return;
    }
    cell_number(column, ct_row_signed(row, column->field), cell);
}

static void measure(const struct ct_column *columns, size_t count, const struct ct_rows *rows,
                    size_t widths[static COLUMNS_MAX])
{
    char cell[CT_CELL];

    for (size_t c = 0; c < count; c++) {
        widths[c] = strlen(columns[c].title);
        for (size_t r = 0; r < rows->count; r++) {
            ct_table_cell(&columns[c], ct_rows_at(rows, r), cell);
            if (strlen(cell) > widths[c]) {
                widths[c] = strlen(cell);
            }
        }
    }
}

/* Figures to the right, texts to the left, no blanks at the end. */
static void append(char line[static TABLE_LINE], const char *cell, bool right, size_t width)
{
    size_t at = strlen(line);
    int pad = (int)width;

    (void)snprintf(line + at, TABLE_LINE - at, "%s%*s", at > 0 ? "  " : "", right ? pad : -pad,
                   cell);
}

static void put_line(FILE *file, char *line, size_t width)
{
    size_t len = strlen(line);

    if (width > 0 && len > width) {
        len = width;
    }
    while (len > 0 && line[len - 1] == ' ') {
        len--;
    }
    (void)fprintf(file, "%.*s\n", (int)len, line);
}

void ct_table_print(FILE *file, const struct ct_column *columns, size_t count,
                    const struct ct_rows *rows, size_t width, const char *empty)
{
    size_t widths[COLUMNS_MAX];
    char line[TABLE_LINE] = "";
    char cell[CT_CELL];

    if (rows->count == 0) {
        (void)fprintf(file, "%s\n", empty);
        return;
    }
    measure(columns, count, rows, widths);
    for (size_t c = 0; c < count; c++) {
        append(line, columns[c].title, columns[c].form != CT_TEXT, widths[c]);
    }
    put_line(file, line, width);
    for (size_t r = 0; r < rows->count; r++) {
        line[0] = '\0';
        for (size_t c = 0; c < count; c++) {
            ct_table_cell(&columns[c], ct_rows_at(rows, r), cell);
            append(line, cell, columns[c].form != CT_TEXT, widths[c]);
        }
        put_line(file, line, width);
    }
}
