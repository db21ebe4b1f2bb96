/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static Vgpu__Frame__KindCase kind_of(enum vgpu_ctl_what what)
{
    static const struct {
        enum vgpu_ctl_what what;
        Vgpu__Frame__KindCase kind;
    } kinds[] = {
        {VGPU_CTL_BROKER, VGPU__FRAME__KIND_BROKER_ROW},
        {VGPU_CTL_VMS, VGPU__FRAME__KIND_VM_ROW},
        {VGPU_CTL_GPUS, VGPU__FRAME__KIND_GPU_ROW},
        {VGPU_CTL_POOLS, VGPU__FRAME__KIND_POOL_ROW},
        {VGPU_CTL_SESSIONS, VGPU__FRAME__KIND_SESSION_ROW},
        {VGPU_CTL_TRACE, VGPU__FRAME__KIND_TRACE_ROW},
        {VGPU_CTL_HOSTD, VGPU__FRAME__KIND_HOST_ROW},
        {VGPU_CTL_QEMUS, VGPU__FRAME__KIND_QEMU_ROW},
        {VGPU_CTL_REGISTRY, VGPU__FRAME__KIND_REGISTRY_ROW},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].what == what) {
            return kinds[i].kind;
        }
    }
    return VGPU__FRAME__KIND__NOT_SET;
}

/* The client's frame is gone with its next one. */
static Vgpu__Frame *copy(const Vgpu__Frame *frame)
{
    size_t size = vgpu__frame__get_packed_size(frame);
    VGPU_CLEANUP_FREE uint8_t *packed = malloc(size);

    if (packed == NULL) {
        return NULL;
    }
    (void)vgpu__frame__pack(frame, packed);
    return vgpu__frame__unpack(NULL, size, packed);
}

static int keep(struct ct_rows *rows, const Vgpu__Frame *frame)
{
    Vgpu__Frame *kept;

    if (rows->count == rows->room) {
        size_t room = rows->room == 0 ? 64 : 2 * rows->room;
        Vgpu__Frame **frames = reallocarray(rows->frames, room, sizeof(void *));

        if (frames == NULL) {
            return -ENOMEM;
        }
        rows->frames = frames;
        rows->room = room;
    }
    kept = copy(frame);
    if (kept == NULL) {
        return -ENOMEM;
    }
    rows->frames[rows->count++] = kept;
    return 0;
}

int ct_rows_ask(struct ct_rows *rows, struct ct_client *client, enum vgpu_ctl_what what,
                const char *vm, struct ct_error *error)
{
    Vgpu__Frame *frame;
    int rc = ct_client_ask(client, what, vm, error);

    while (rc == 0) {
        rc = ct_client_next(client, &frame, error);
        if (rc <= 0) {
            return rc;
        }
        if (frame->kind_case != kind_of(what) || rows->count == CT_ROWS_MAX) {
            ct_error_set(error, CT_FAILED, "%s: an answer that was not asked for: %s", client->path,
                         vgpu_frame_name(frame->kind_case));
            return -EPROTO;
        }
        rc = keep(rows, frame);
        if (rc < 0) {
            ct_error_set(error, CT_FAILED, "out of memory");
        }
    }
    return rc;
}

const ProtobufCMessage *ct_rows_at(const struct ct_rows *rows, size_t i)
{
    return ct_row_of(rows->frames[i]);
}

const ProtobufCMessage *ct_rows_find(const struct ct_rows *rows, const char *field,
                                     const char *value)
{
    for (size_t i = 0; i < rows->count; i++) {
        const ProtobufCMessage *row = ct_rows_at(rows, i);

        if (strcmp(ct_row_text(row, field), value) == 0) {
            return row;
        }
    }
    return NULL;
}

uint64_t ct_rows_sum(const struct ct_rows *rows, const char *field)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < rows->count; i++) {
        sum += ct_row_number(ct_rows_at(rows, i), field);
    }
    return sum;
}

json_t *ct_rows_json(const struct ct_rows *rows)
{
    json_t *array = json_array();

    for (size_t i = 0; i < rows->count; i++) {
        (void)json_array_append_new(array, ct_json_row(ct_rows_at(rows, i)));
    }
    return array;
}

void ct_rows_free(struct ct_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        vgpu__frame__free_unpacked(rows->frames[i], NULL);
    }
    free(rows->frames);
    *rows = (struct ct_rows){.count = 0};
}
