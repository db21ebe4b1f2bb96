/* SPDX-License-Identifier: Apache-2.0 */
#include "common/range_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#define BASE  UINT64_C(0x7a0000000000)
#define ALIGN UINT64_C(512)
#define UNITS 256
#define SIZE  (UNITS * ALIGN)

/* The model: one owner per unit, and what was asked for by the owner's first unit. */
struct model {
    int owner[UNITS];
    uint64_t want[UNITS];
    size_t live;
    uint64_t random;
};

static uint64_t model_random(struct model *m)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return m->random >> 33;
}

static uint64_t model_units(uint64_t size)
{
    return (size + ALIGN - 1) / ALIGN;
}

static bool model_is_free(const struct model *m, uint64_t first, uint64_t units)
{
    if (first + units > UNITS) {
        return false;
    }
    for (uint64_t i = first; i < first + units; i++) {
        if (m->owner[i] >= 0) {
            return false;
        }
    }
    return true;
}

static bool model_has_room(const struct model *m, uint64_t size, uint64_t align)
{
    for (uint64_t i = 0; i < UNITS; i++) {
        if ((BASE + i * ALIGN) % align == 0 && model_is_free(m, i, model_units(size))) {
            return true;
        }
    }
    return false;
}

static void model_take(struct model *m, uint64_t addr, uint64_t size)
{
    uint64_t first = (addr - BASE) / ALIGN;

    assert_true(model_is_free(m, first, model_units(size)));
    for (uint64_t i = first; i < first + model_units(size); i++) {
        m->owner[i] = (int)first;
    }
    m->want[first] = size;
    m->live++;
}

static void model_release(struct model *m, uint64_t first)
{
    for (uint64_t i = 0; i < UNITS; i++) {
        if (m->owner[i] == (int)first) {
            m->owner[i] = -1;
        }
    }
    m->live--;
}

/* Compares every address of a unit's first and last byte, and the totals. */
static void model_compare(const struct model *m, const struct vgpu_range *r)
{
    uint64_t free_units = 0;
    uint64_t hole = 0;
    uint64_t largest = 0;

    for (uint64_t i = 0; i < UNITS; i++) {
        uint64_t base = 0;
        uint64_t size = 0;
        int rc = vgpu_range_find(r, BASE + i * ALIGN, &base, &size);

        hole = m->owner[i] < 0 ? hole + 1 : 0;
        largest = hole > largest ? hole : largest;
        if (m->owner[i] < 0) {
            assert_int_equal(rc, -ENOENT);
            free_units++;
        } else {
            assert_int_equal(rc, 0);
            assert_int_equal(base, BASE + (uint64_t)m->owner[i] * ALIGN);
            assert_int_equal(size, m->want[m->owner[i]]);
        }
    }
    assert_int_equal(vgpu_range_count(r), m->live);
    assert_int_equal(vgpu_range_free_bytes(r), free_units * ALIGN);
    assert_int_equal(vgpu_range_largest_hole(r), largest * ALIGN);
}

static void step_alloc(struct model *m, struct vgpu_range *r)
{
    uint64_t size = 1 + model_random(m) % (model_random(m) % 8 == 0 ? 64 * ALIGN : 4 * ALIGN);
    uint64_t align = UINT64_C(1) << (model_random(m) % 15);
    uint64_t addr = 1;
    int rc = vgpu_range_alloc(r, size, align, &addr);

    if (rc == 0) {
        assert_int_equal(addr % align, 0);
        model_take(m, addr, size);
    } else {
        assert_int_equal(rc, -ENOSPC);
        assert_int_equal(addr, 1);
        assert_false(model_has_room(m, size, align > ALIGN ? align : ALIGN));
    }
}

static void step_alloc_at(struct model *m, struct vgpu_range *r)
{
    uint64_t first = model_random(m) % UNITS;
    uint64_t size = 1 + model_random(m) % (3 * ALIGN);
    int rc = vgpu_range_alloc_at(r, BASE + first * ALIGN, size);

    if (first + model_units(size) > UNITS) {
        assert_int_equal(rc, -EINVAL);
    } else if (model_is_free(m, first, model_units(size))) {
        assert_int_equal(rc, 0);
        model_take(m, BASE + first * ALIGN, size);
    } else {
        assert_int_equal(rc, -EEXIST);
    }
}

static void step_free(struct model *m, struct vgpu_range *r)
{
    uint64_t first = model_random(m) % UNITS;
    int rc = vgpu_range_free(r, BASE + first * ALIGN);

    if (m->owner[first] == (int)first) {
        assert_int_equal(rc, 0);
        model_release(m, first);
    } else {
        assert_int_equal(rc, -ENOENT);
    }
}

static void test_random_steps_agree_with_the_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct vgpu_range *r = vgpu_range_new(BASE, SIZE, ALIGN);
        struct model m = {.random = seed};

        assert_non_null(r);
        memset(m.owner, 0xff, sizeof(m.owner));
        for (int step = 0; step < 3000; step++) {
            uint64_t dice = model_random(&m) % 16;

            if (dice < 4) {
                step_alloc(&m, r);
            } else if (dice < 5) {
                step_alloc_at(&m, r);
            } else {
                step_free(&m, r);
            }
            if (step % 16 == 0) {
                model_compare(&m, r);
            }
        }
        model_compare(&m, r);
        vgpu_range_destroy(r);
    }
}

static void test_new_refuses_bad_bounds(void **state)
{
    (void)state;
    assert_null(vgpu_range_new(BASE, 0, ALIGN));
    assert_null(vgpu_range_new(BASE, SIZE, 0));
    assert_null(vgpu_range_new(BASE, SIZE, 3));
    assert_null(vgpu_range_new(BASE + 1, SIZE, ALIGN));
    assert_null(vgpu_range_new(BASE, SIZE + 1, ALIGN));
    assert_null(vgpu_range_new(UINT64_MAX - 511, 512, ALIGN));
    vgpu_range_destroy(NULL);
}

static void test_alloc_refuses_bad_arguments(void **state)
{
    struct vgpu_range *r = vgpu_range_new(BASE, SIZE, ALIGN);
    uint64_t out = 1;

    (void)state;
    assert_int_equal(vgpu_range_alloc(r, 0, 0, &out), -EINVAL);
    assert_int_equal(vgpu_range_alloc(r, 1, 3, &out), -EINVAL);
    assert_int_equal(vgpu_range_alloc(r, UINT64_MAX, 0, &out), -ENOSPC);
    assert_int_equal(vgpu_range_alloc(r, SIZE + 1, 0, &out), -ENOSPC);
    assert_int_equal(vgpu_range_alloc(r, 1, UINT64_C(1) << 63, &out), -ENOSPC);
    assert_int_equal(vgpu_range_alloc_at(r, BASE + 1, 1), -EINVAL);
    assert_int_equal(vgpu_range_alloc_at(r, BASE - ALIGN, ALIGN), -EINVAL);
    assert_int_equal(vgpu_range_alloc_at(r, BASE, UINT64_MAX), -EINVAL);
    assert_int_equal(vgpu_range_alloc_at(r, BASE, 0), -EINVAL);
    assert_int_equal(vgpu_range_free(r, 0), -ENOENT);
    assert_int_equal(vgpu_range_free(r, UINT64_MAX), -ENOENT);
    assert_int_equal(vgpu_range_find(r, 0, NULL, NULL), -ENOENT);
    assert_int_equal(vgpu_range_find(r, UINT64_MAX, NULL, NULL), -ENOENT);
    assert_int_equal(out, 1);
    vgpu_range_destroy(r);
}

static void test_find_ends_at_the_size_asked_for(void **state)
{
    struct vgpu_range *r = vgpu_range_new(BASE, SIZE, ALIGN);
    uint64_t addr = 0;
    uint64_t base = 0;
    uint64_t size = 0;

    (void)state;
    assert_int_equal(vgpu_range_alloc(r, 100, 0, &addr), 0);
    assert_int_equal(vgpu_range_find(r, addr + 99, &base, &size), 0);
    assert_int_equal(base, addr);
    assert_int_equal(size, 100);
    assert_int_equal(vgpu_range_find(r, addr + 100, NULL, NULL), -ENOENT);
    vgpu_range_destroy(r);
}

static void test_limit_of_live_allocations_holds(void **state)
{
    struct vgpu_range *r = vgpu_range_new(BASE, SIZE, ALIGN);
    uint64_t first = 0;
    uint64_t addr = 0;

    (void)state;
    vgpu_range_set_limit(r, 2);
    assert_int_equal(vgpu_range_alloc(r, 1, 0, &first), 0);
    assert_int_equal(vgpu_range_alloc(r, 1, 0, &addr), 0);
    assert_int_equal(vgpu_range_alloc(r, 1, 0, &addr), -EDQUOT);
    assert_int_equal(vgpu_range_free(r, first), 0);
    assert_int_equal(vgpu_range_alloc(r, 1, 0, &addr), 0);
    assert_int_equal(addr, first);
    vgpu_range_destroy(r);
}

static void test_walk_visits_every_live_allocation(void **state)
{
    struct vgpu_range *r = vgpu_range_new(BASE, SIZE, ALIGN);
    uint64_t at = 0;
    uint64_t base = 0;
    uint64_t size = 0;
    size_t seen = 0;

    (void)state;
    assert_int_equal(vgpu_range_next(r, 0, &base, &size), -ENOENT);
    assert_int_equal(vgpu_range_alloc_at(r, BASE + 4 * ALIGN, ALIGN), 0);
    assert_int_equal(vgpu_range_alloc_at(r, BASE + 5 * ALIGN, ALIGN), 0);
    assert_int_equal(vgpu_range_alloc_at(r, BASE + SIZE - ALIGN, 7), 0);
    while (vgpu_range_next(r, at, &base, &size) == 0) {
        assert_true(base >= at);
        at = base + 1;
        seen++;
    }
    assert_int_equal(seen, 3);
    assert_int_equal(base, BASE + SIZE - ALIGN);
    assert_int_equal(size, 7);
    vgpu_range_destroy(r);
}

static void test_whole_interval_can_be_used_up(void **state)
{
    struct vgpu_range *r = vgpu_range_new(BASE, SIZE, ALIGN);
    uint64_t addr = 0;

    (void)state;
    for (int i = 0; i < UNITS; i++) {
        assert_int_equal(vgpu_range_alloc(r, ALIGN, 0, &addr), 0);
        assert_int_equal(addr, BASE + (uint64_t)i * ALIGN);
    }
    assert_int_equal(vgpu_range_alloc(r, 1, 0, &addr), -ENOSPC);
    assert_int_equal(vgpu_range_largest_hole(r), 0);
    for (int i = UNITS - 1; i >= 0; i--) {
        assert_int_equal(vgpu_range_free(r, BASE + (uint64_t)i * ALIGN), 0);
    }
    assert_int_equal(vgpu_range_alloc(r, SIZE, 0, &addr), 0);
    assert_int_equal(addr, BASE);
    vgpu_range_destroy(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_steps_agree_with_the_model),
        cmocka_unit_test(test_new_refuses_bad_bounds),
        cmocka_unit_test(test_alloc_refuses_bad_arguments),
        cmocka_unit_test(test_find_ends_at_the_size_asked_for),
        cmocka_unit_test(test_limit_of_live_allocations_holds),
        cmocka_unit_test(test_walk_visits_every_live_allocation),
        cmocka_unit_test(test_whole_interval_can_be_used_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
