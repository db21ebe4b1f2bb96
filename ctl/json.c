/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/escape.h"

#define TEXT_MAX 2048

static void need(bool done)
{
    if (!done) {
        (void)fputs("vgpuctl: out of memory\n", stderr);
        exit(1);
    }
}

void ct_json_put(json_t *object, const char *key, json_t *value)
{
    need(json_object_set_new(object, key, value) == 0);
}

static json_t *text_value(const char *text)
{
    json_t *value = json_string(text);
    char escaped[TEXT_MAX];

    return value != NULL ? value : json_string(ct_escape(escaped, sizeof(escaped), text));
}

/* JSON's integers have a sign here. */
static json_t *number_value(uint64_t number)
{
    return number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number);
}

void ct_json_text(json_t *object, const char *key, const char *text)
{
    ct_json_put(object, key, text_value(text));
}

void ct_json_number(json_t *object, const char *key, uint64_t number)
{
    ct_json_put(object, key, number_value(number));
}

void ct_json_bool(json_t *object, const char *key, bool value)
{
    ct_json_put(object, key, json_boolean(value));
}

json_t *ct_json_row(const ProtobufCMessage *row)
{
    const ProtobufCMessageDescriptor *kind = row->descriptor;
    json_t *object = json_object();

    for (unsigned int i = 0; i < kind->n_fields; i++) {
        const char *name = kind->fields[i].name;

        switch ((int)kind->fields[i].type) {
        case PROTOBUF_C_TYPE_STRING:
            ct_json_text(object, name, ct_row_text(row, name));
            break;
        case PROTOBUF_C_TYPE_BOOL:
            ct_json_bool(object, name, ct_row_number(row, name) != 0);
            break;
        case PROTOBUF_C_TYPE_SINT32:
        case PROTOBUF_C_TYPE_SINT64:
            ct_json_put(object, name, json_integer(ct_row_signed(row, name)));
            break;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_UINT64:
            ct_json_number(object, name, ct_row_number(row, name));
            break;
        default:
            break; /* no row has others; test_row.c would say so */
        }
    }
    return object;
}

static void print(json_t *value, size_t flags)
{
    need(value != NULL && json_dumpf(value, stdout, flags | JSON_ENSURE_ASCII) == 0);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(value);
}

void ct_json_print(json_t *value)
{
    print(value, JSON_INDENT(2));
}

void ct_json_print_line(json_t *value)
{
    print(value, JSON_COMPACT);
}
