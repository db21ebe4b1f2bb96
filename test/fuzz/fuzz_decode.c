/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hostile body into every generated decoder.  Input: u32 operation id (any other value
 * picks one by its remainder), u32 0 for arguments or 1 for results, the body.  A body
 * that is accepted must be the one that the encoder makes of its values.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"
#include "vgpu_ops.h"

static void expect(int holds)
{
    if (!holds) {
        abort();
    }
}

static uint8_t again[VGPU_RECORD_BYTES_MAX];

static void same(const uint8_t *body, size_t len, ssize_t size)
{
    expect(size >= 0 && (size_t)size == len);
    expect(len == 0 || memcmp(body, again, len) == 0);
}

#define DEFINE_REDO(name)                                                                          \
    static void redo_##name(const uint8_t *body, size_t len, uint32_t which)                       \
    {                                                                                              \
        struct vgpu_args_##name args;                                                              \
        struct vgpu_ret_##name ret;                                                                \
                                                                                                   \
        if (which == 0 && vgpu_get_args_##name(body, len, &args) == 0) {                           \
            same(body, len, vgpu_put_args_##name(again, sizeof(again), &args));                    \
        }                                                                                          \
        if (which == 1 && vgpu_get_ret_##name(body, len, &ret) == 0) {                             \
            same(body, len, vgpu_put_ret_##name(again, sizeof(again), &ret));                      \
        }                                                                                          \
    }

VGPU_OPS_EACH(DEFINE_REDO)

struct redo {
    uint32_t id;
    void (*run)(const uint8_t *body, size_t len, uint32_t which);
};

#define REDO_ROW(name) {VGPU_OP_##name, redo_##name},

static const struct redo redos[] = {VGPU_OPS_EACH(REDO_ROW)};

static const struct redo *pick(uint32_t id)
{
    for (size_t i = 0; i < VGPU_OPS; i++) {
        if (redos[i].id == id) {
            return &redos[i];
        }
    }
    expect(vgpu_op_find(id) == NULL);
    return &redos[id % VGPU_OPS];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t head[2];
    uint8_t *body;

    if (size < sizeof(head) || size - sizeof(head) > sizeof(again)) {
        return 0;
    }
    memcpy(head, data, sizeof(head));
    /* An allocation of its own, aligned like a record and exact at its end. */
    size -= sizeof(head);
    body = malloc(size == 0 ? 1 : size);
    expect(body != NULL);
    memcpy(body, data + sizeof(head), size);
    pick(head[0])->run(body, size, head[1] % 2);
    free(body);
    return 0;
}
