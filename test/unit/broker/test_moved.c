/* SPDX-License-Identifier: Apache-2.0 */
/* What a call moves beside its record, as its record says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/moved.h"
#include "proto/cuda_enums.h"
#include "vgpu_ops.h"

#define WINDOW ((uint64_t)1 << 30)

static uint64_t moved(uint32_t op, const uint8_t *body, ssize_t len)
{
    struct vgpu_record record = {.op = op, .length = (uint32_t)(VGPU_RECORD_HEADER_BYTES + len)};

    assert_true(len >= 0);
    return br_moved(&record, body, WINDOW);
}

static void test_plain_copies(void **state)
{
    struct vgpu_args_vgpuCopyHtoD in = {.bytes = 12345};
    struct vgpu_args_vgpuCopyDtoH out = {.bytes = UINT64_MAX};
    struct vgpu_args_cuMemcpyDtoDAsync_v2 inside = {.bytes = 777};
    uint8_t body[256];

    (void)state;
    assert_int_equal(
        moved(VGPU_OP_vgpuCopyHtoD, body, vgpu_put_args_vgpuCopyHtoD(body, sizeof(body), &in)),
        12345);
    assert_int_equal(
        moved(VGPU_OP_vgpuCopyDtoH, body, vgpu_put_args_vgpuCopyDtoH(body, sizeof(body), &out)),
        WINDOW);
    assert_int_equal(moved(VGPU_OP_cuMemcpyDtoDAsync_v2, body,
                           vgpu_put_args_cuMemcpyDtoDAsync_v2(body, sizeof(body), &inside)),
                     0);
}

static uint64_t moved_box(const struct vgpu_args_vgpuCopy3D *args)
{
    uint8_t body[256];

    return moved(VGPU_OP_vgpuCopy3D, body, vgpu_put_args_vgpuCopy3D(body, sizeof(body), args));
}

static void test_boxes(void **state)
{
    struct vgpu_args_vgpuCopy3D box = {.width = 100,
                                       .height = 10,
                                       .depth = 3,
                                       .dst_type = CU_MEMORYTYPE_DEVICE,
                                       .src_type = CU_MEMORYTYPE_HOST};
    struct vgpu_args_vgpuGraphCopy node = {
        .width = 7, .height = 3, .depth = 1, .dst_type = CU_MEMORYTYPE_HOST};
    uint8_t body[256];

    (void)state;
    assert_int_equal(moved_box(&box), 3000);
    box.dst_type = CU_MEMORYTYPE_HOST;
    box.src_type = CU_MEMORYTYPE_ARRAY;
    assert_int_equal(moved_box(&box), 3000);
    box.height = 0;
    assert_int_equal(moved_box(&box), 0);
    box.height = UINT64_MAX / 2;
    assert_int_equal(moved_box(&box), WINDOW);
    box.dst_type = CU_MEMORYTYPE_DEVICE;
    assert_int_equal(moved_box(&box), 0);
    assert_int_equal(
        moved(VGPU_OP_vgpuGraphCopy, body, vgpu_put_args_vgpuGraphCopy(body, sizeof(body), &node)),
        21);
}

static void test_images(void **state)
{
    struct vgpu_args_cuModuleLoadDataEx load = {.image_size = 5000};
    struct vgpu_args_cuLinkAddData_v2 add = {.size = 600};
    struct vgpu_args_vgpuLinkRead read = {.bytes = 70};
    const uint8_t key[VGPU_CACHE_KEY_BYTES] = {1};
    uint8_t body[256];

    (void)state;
    assert_int_equal(moved(VGPU_OP_cuModuleLoadDataEx, body,
                           vgpu_put_args_cuModuleLoadDataEx(body, sizeof(body), &load)),
                     5000);
    load.key = key;
    load.key_len = sizeof(key);
    assert_int_equal(moved(VGPU_OP_cuModuleLoadDataEx, body,
                           vgpu_put_args_cuModuleLoadDataEx(body, sizeof(body), &load)),
                     0);
    assert_int_equal(moved(VGPU_OP_cuLinkAddData_v2, body,
                           vgpu_put_args_cuLinkAddData_v2(body, sizeof(body), &add)),
                     600);
    assert_int_equal(
        moved(VGPU_OP_vgpuLinkRead, body, vgpu_put_args_vgpuLinkRead(body, sizeof(body), &read)),
        70);
}

/* The worker refuses them; here they are nothing. */
static void test_bodies_that_are_none(void **state)
{
    static const uint32_t ops[] = {
        VGPU_OP_vgpuCopyHtoD,  VGPU_OP_vgpuCopyDtoH,     VGPU_OP_vgpuCopy3D,
        VGPU_OP_vgpuGraphCopy, VGPU_OP_cuLinkAddData_v2, VGPU_OP_cuModuleLoadDataEx,
        VGPU_OP_vgpuLinkRead,
    };
    uint8_t *body;

    (void)state;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        for (size_t len = 0; len < 32; len += 8) {
            body = test_malloc(len + 1); /* of its size, for the sanitizer */
            memset(body, 0xff, len);
            assert_int_equal(moved(ops[i], body, (ssize_t)len), 0);
            test_free(body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_copies),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_bodies_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
