/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/row.h"

#include <string.h>

static const void *member(const ProtobufCMessage *row, const ProtobufCFieldDescriptor *field)
{
    return (const char *)row + field->offset;
}

const ProtobufCMessage *ct_row_of(const Vgpu__Frame *frame)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        frame->base.descriptor, (unsigned int)frame->kind_case);

    return field != NULL ? *(const ProtobufCMessage *const *)member(&frame->base, field) : NULL;
}

static const ProtobufCFieldDescriptor *find(const ProtobufCMessage *row, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(row->descriptor, name);

    return field != NULL && field->label != PROTOBUF_C_LABEL_REPEATED ? field : NULL;
}

const char *ct_row_text(const ProtobufCMessage *row, const char *name)
{
    const ProtobufCFieldDescriptor *field = find(row, name);
    const char *text = NULL;

    if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(&text, member(row, field), sizeof(text));
    }
    return text != NULL ? text : "";
}

int64_t ct_row_signed(const ProtobufCMessage *row, const char *name)
{
    const ProtobufCFieldDescriptor *field = find(row, name);
    uint64_t wide = 0;
    uint32_t narrow = 0;

    if (field == NULL) {
        return 0;
    }
    if (field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_SINT64) {
        memcpy(&wide, member(row, field), sizeof(wide));
        return (int64_t)wide;
    }
    if (field->type == PROTOBUF_C_TYPE_SINT32) {
        int32_t number;

        memcpy(&number, member(row, field), sizeof(number));
        return number;
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_BOOL) {
        memcpy(&narrow, member(row, field), sizeof(narrow));
    }
    return (int64_t)narrow;
}

uint64_t ct_row_number(const ProtobufCMessage *row, const char *name)
{
    return (uint64_t)ct_row_signed(row, name);
}
