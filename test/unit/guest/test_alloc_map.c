/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/alloc_map.h"
#include "guest/libcuda/thread.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "test/unit/guest/test.h"

static int add(struct gs_alloc_map *map, uint64_t base, uint64_t size)
{
    struct gs_alloc alloc = {.base = base, .size = size, .kind = GS_ALLOC_DEVICE};

    return gs_alloc_map_add(map, &alloc);
}

static void test_find_inside_and_at_edges(void **state)
{
    struct gs_alloc_map map;
    struct gs_alloc found;

    (void)state;
    gs_alloc_map_init(&map);
    assert_int_equal(add(&map, 0x1000, 100), 0);
    assert_int_equal(add(&map, 0x2000, 1), 0);
    assert_true(gs_alloc_map_find(&map, 0x1000, &found));
    assert_true(gs_alloc_map_find(&map, 0x1063, &found));
    assert_int_equal(found.base, 0x1000);
    assert_int_equal(found.size, 100);
    assert_false(gs_alloc_map_find(&map, 0x1064, &found));
    assert_false(gs_alloc_map_find(&map, 0xfff, &found));
    assert_true(gs_alloc_map_find(&map, 0x2000, &found));
    assert_false(gs_alloc_map_find(&map, 0x2001, &found));
    gs_alloc_map_clear(&map);
    assert_false(gs_alloc_map_find(&map, 0x1000, &found));
}

static void test_add_overlap_is_refused(void **state)
{
    struct gs_alloc_map map;

    (void)state;
    gs_alloc_map_init(&map);
    assert_int_equal(add(&map, 0x1000, 0x1000), 0);
    assert_int_equal(add(&map, 0x1000, 0x1000), -EEXIST);
    assert_int_equal(add(&map, 0x800, 0x801), -EEXIST);
    assert_int_equal(add(&map, 0x1fff, 1), -EEXIST);
    assert_int_equal(add(&map, 0x800, 0x800), 0);
    assert_int_equal(add(&map, 0x2000, 1), 0);
    gs_alloc_map_clear(&map);
}

static void test_take_wants_start_and_kind(void **state)
{
    struct gs_alloc_map map;
    struct gs_alloc taken;

    (void)state;
    gs_alloc_map_init(&map);
    assert_int_equal(add(&map, 0x1000, 0x1000), 0);
    assert_false(gs_alloc_map_take(&map, 0x1001, GS_ALLOC_DEVICE, &taken));
    assert_false(gs_alloc_map_take(&map, 0x1000, GS_ALLOC_HOST, &taken));
    assert_true(gs_alloc_map_take(&map, 0x1000, GS_ALLOC_DEVICE, &taken));
    assert_false(gs_alloc_map_take(&map, 0x1000, GS_ALLOC_DEVICE, &taken));
}

static bool is_odd(const struct gs_alloc *alloc, void *arg)
{
    (void)arg;
    return (alloc->base >> 12) % 2 == 1;
}

static void test_many_stay_found_while_others_go(void **state)
{
    struct gs_alloc_map map;
    struct gs_alloc alloc;
    unsigned int odd = 0;

    (void)state;
    gs_alloc_map_init(&map);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(add(&map, ((i * 7919) % 2000) << 12, 0x1000), 0);
    }
    while (gs_alloc_map_take_if(&map, is_odd, NULL, &alloc)) {
        odd++;
    }
    assert_int_equal(odd, 1000);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(gs_alloc_map_find(&map, (i << 12) + 5, &alloc), i % 2 == 0);
    }
    gs_alloc_map_clear(&map);
}

#define MANY 100000u

static int (*compared_by)(const void *, const void *);
static unsigned int steps;

static int count_step(const void *a, const void *b)
{
    steps++;
    return compared_by(a, b);
}

/* The linker puts this in the place of tfind() for the map. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__wrap_tfind(const void *key, void *const *root, int (*compare)(const void *, const void *));
void *__real_tfind(const void *key, void *const *root, int (*compare)(const void *, const void *));

void *__wrap_tfind(const void *key, void *const *root, int (*compare)(const void *, const void *))
{
    compared_by = compare;
    return __real_tfind(key, root, count_step);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* A red-black tree of n entries is at most 2 log2(n + 1) deep. */
static void test_find_among_many_takes_few_steps(void **state)
{
    struct gs_alloc_map map;
    struct gs_alloc found;
    unsigned int most = 0;

    (void)state;
    gs_alloc_map_init(&map);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(add(&map, i << 12, 0x1000), 0); /* rising: the worst order for a tree */
    }
    for (uint64_t i = 0; i < MANY; i++) {
        steps = 0;
        assert_true(gs_alloc_map_find(&map, (i << 12) + 0xfff, &found));
        most = steps > most ? steps : most;
    }
    steps = 0;
    assert_false(gs_alloc_map_find(&map, (uint64_t)MANY << 12, &found));
    most = steps > most ? steps : most;
    assert_true(most > 0);
    assert_true(most <= 2 * 17);
    gs_alloc_map_clear(&map);
}

/* A thread believes what it has seen while the map is as it was then. */
static void test_what_was_seen_is_forgotten_with_a_change(void **state)
{
    struct gs_alloc_map map;
    struct gs_alloc_map other;
    struct gs_alloc found;

    (void)state;
    assert_non_null(gs_thread_get());
    gs_alloc_map_init(&map);
    gs_alloc_map_init(&other);
    assert_int_equal(add(&map, 0x1000, 0x1000), 0);
    assert_true(gs_alloc_map_find(&map, 0x1800, &found));
    steps = 0;
    assert_true(gs_alloc_map_find(&map, 0x1fff, &found));
    assert_int_equal(steps, 0);
    assert_int_equal(found.base, 0x1000);
    assert_false(gs_alloc_map_find(&other, 0x1800, &found));
    assert_false(gs_alloc_map_find(&map, 0x2000, &found));
    assert_int_equal(found.access, 0);
    gs_alloc_map_set_access(&map, 0x1000, 3);
    assert_true(gs_alloc_map_find(&map, 0x1800, &found));
    assert_int_equal(found.access, 3);
    assert_true(gs_alloc_map_take(&map, 0x1000, GS_ALLOC_DEVICE, &found));
    assert_false(gs_alloc_map_find(&map, 0x1800, &found));
    assert_int_equal(add(&map, 0x1800, 0x100), 0);
    assert_true(gs_alloc_map_find(&map, 0x1800, &found));
    assert_int_equal(found.size, 0x100);
    gs_alloc_map_clear(&map);
    assert_false(gs_alloc_map_find(&map, 0x1800, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_inside_and_at_edges),
        cmocka_unit_test(test_add_overlap_is_refused),
        cmocka_unit_test(test_take_wants_start_and_kind),
        cmocka_unit_test(test_many_stay_found_while_others_go),
        cmocka_unit_test(test_find_among_many_takes_few_steps),
        cmocka_unit_test(test_what_was_seen_is_forgotten_with_a_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
