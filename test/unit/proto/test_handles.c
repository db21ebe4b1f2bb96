/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/handles.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX 600u

static int objects[MAX];

static void test_mint_and_accept_agree_step_by_step(void **state)
{
    struct vgpu_handles *guest = vgpu_handles_new(VGPU_HANDLE_STREAM, MAX);
    struct vgpu_handles *worker = vgpu_handles_new(VGPU_HANDLE_STREAM, MAX);
    static uint64_t live[MAX];
    uint32_t count = 0;
    uint32_t seed = 5;

    (void)state;
    for (unsigned int step = 0; step < 100000; step++) {
        seed = seed * 1664525u + 1013904223u;
        if (seed >> 31 != 0 && count < MAX) {
            void *object = &objects[count];

            assert_int_equal(vgpu_handles_mint(guest, object, &live[count]), 0);
            assert_int_equal(vgpu_handles_accept(worker, live[count], object), 0);
            assert_int_equal(vgpu_handles_accept(worker, live[count], object), -EINVAL);
            assert_ptr_equal(vgpu_handles_get(worker, live[count]), object);
            count++;
        } else if (count > 0) {
            uint32_t which = (seed >> 8) % count;
            uint64_t handle = live[which];
            void *object = vgpu_handles_take(guest, handle);

            assert_non_null(object);
            assert_ptr_equal(vgpu_handles_take(worker, handle), object);
            assert_null(vgpu_handles_get(guest, handle));
            assert_null(vgpu_handles_take(worker, handle));
            assert_int_equal(vgpu_handles_accept(worker, handle, object), -EINVAL);
            live[which] = live[--count];
        }
        assert_int_equal(vgpu_handles_count(guest), count);
        assert_int_equal(vgpu_handles_count(worker), count);
    }
    vgpu_handles_free(guest);
    vgpu_handles_free(worker);
}

static void test_mint_at_the_limit_says_no_space(void **state)
{
    struct vgpu_handles *table = vgpu_handles_new(VGPU_HANDLE_EVENT, 3);
    uint64_t handle[4];

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(vgpu_handles_mint(table, &objects[i], &handle[i]), 0);
        assert_true(handle[i] > 0xffffffffull);
    }
    assert_int_equal(vgpu_handles_mint(table, &objects[3], &handle[3]), -ENOSPC);
    assert_ptr_equal(vgpu_handles_take(table, handle[1]), &objects[1]);
    assert_int_equal(vgpu_handles_mint(table, &objects[3], &handle[3]), 0);
    assert_int_equal(vgpu_handle_index_of(handle[3]), vgpu_handle_index_of(handle[1]));
    assert_int_equal(vgpu_handle_generation_of(handle[3]),
                     vgpu_handle_generation_of(handle[1]) + 1);
    vgpu_handles_free(table);
}

static void test_get_wrong_or_invented_handles_gives_null(void **state)
{
    struct vgpu_handles *table = vgpu_handles_new(VGPU_HANDLE_MODULE, 10);
    uint64_t handle;

    (void)state;
    assert_int_equal(vgpu_handles_mint(table, &objects[0], &handle), 0);
    assert_ptr_equal(vgpu_handles_get(table, handle), &objects[0]);
    assert_null(vgpu_handles_get(table, 0));
    assert_null(vgpu_handles_get(table, UINT64_MAX));
    assert_null(vgpu_handles_get(table, vgpu_handle_make(VGPU_HANDLE_EVENT, 1, 0)));
    assert_null(vgpu_handles_get(table, vgpu_handle_make(VGPU_HANDLE_MODULE, 2, 0)));
    assert_null(vgpu_handles_get(table, vgpu_handle_make(VGPU_HANDLE_MODULE, 0, 1)));
    assert_null(vgpu_handles_get(table, vgpu_handle_make(VGPU_HANDLE_MODULE, 1, 10)));
    assert_null(vgpu_handles_get(table, vgpu_handle_make(VGPU_HANDLE_MODULE, 1, UINT32_MAX)));
    vgpu_handles_free(table);
}

static void test_accept_what_no_peer_can_have_minted_is_refused(void **state)
{
    struct vgpu_handles *table = vgpu_handles_new(VGPU_HANDLE_EVENT, 300);

    (void)state;
    assert_int_equal(
        vgpu_handles_accept(table, vgpu_handle_make(VGPU_HANDLE_STREAM, 1, 0), objects), -EINVAL);
    assert_int_equal(vgpu_handles_accept(table, vgpu_handle_make(VGPU_HANDLE_EVENT, 0, 0), objects),
                     -EINVAL);
    assert_int_equal(vgpu_handles_accept(table, vgpu_handle_make(VGPU_HANDLE_EVENT, 2, 0), objects),
                     -EINVAL);
    assert_int_equal(
        vgpu_handles_accept(table, vgpu_handle_make(VGPU_HANDLE_EVENT, 1, 300), objects), -EINVAL);
    assert_int_equal(
        vgpu_handles_accept(table, vgpu_handle_make(VGPU_HANDLE_EVENT, 1, 299), objects), 0);
    assert_int_equal(vgpu_handles_count(table), 1);
    vgpu_handles_free(table);
}

static void take_each(void *object, uint64_t handle, void *arg)
{
    assert_ptr_equal(vgpu_handles_take(arg, handle), object);
}

static void test_each_may_take_its_own_handle(void **state)
{
    struct vgpu_handles *table = vgpu_handles_new(VGPU_HANDLE_STREAM, MAX);
    uint64_t handle;

    (void)state;
    for (unsigned int i = 0; i < MAX; i++) {
        assert_int_equal(vgpu_handles_mint(table, &objects[i], &handle), 0);
    }
    vgpu_handles_each(table, take_each, table);
    assert_int_equal(vgpu_handles_count(table), 0);
    vgpu_handles_free(table);
    vgpu_handles_free(NULL);
}

static void test_slot_without_next_generation_retires(void **state)
{
    struct vgpu_handles *table = vgpu_handles_new(VGPU_HANDLE_STREAM, 1);
    uint64_t handle = 0;

    (void)state;
    for (uint32_t i = 1; i <= VGPU_HANDLE_GENERATION_MAX; i++) {
        assert_int_equal(vgpu_handles_mint(table, objects, &handle), 0);
        assert_ptr_equal(vgpu_handles_take(table, handle), objects);
    }
    assert_int_equal(vgpu_handle_generation_of(handle), VGPU_HANDLE_GENERATION_MAX);
    assert_int_equal(vgpu_handles_mint(table, objects, &handle), -ENOSPC);
    vgpu_handles_free(table);
}

struct shared {
    struct vgpu_handles *table;
    _Atomic uint64_t handle; /* one that lives or lived */
    atomic_bool done;
};

static void *churn(void *arg)
{
    struct shared *shared = arg;

    for (unsigned int i = 0; i < 50000; i++) {
        uint64_t handle;

        if (vgpu_handles_mint(shared->table, &objects[i % MAX], &handle) == 0) {
            atomic_store(&shared->handle, handle);
            (void)vgpu_handles_take(shared->table, handle);
        }
    }
    return NULL;
}

/* A reader sees an object of the table or NULL, never anything else. */
static void *look(void *arg)
{
    struct shared *shared = arg;
    uintptr_t wrong = 0;

    while (!atomic_load(&shared->done)) {
        const int *object = vgpu_handles_get(shared->table, atomic_load(&shared->handle));

        wrong += object != NULL && (object < objects || object >= objects + MAX);
    }
    return (void *)wrong; /* NOLINT(performance-no-int-to-ptr) */
}

static void test_threads_mint_take_and_look(void **state)
{
    struct shared shared = {.table = vgpu_handles_new(VGPU_HANDLE_STREAM, 64)};
    pthread_t churners[2];
    pthread_t looker;
    void *wrong;

    (void)state;
    assert_int_equal(pthread_create(&looker, NULL, look, &shared), 0);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&churners[i], NULL, churn, &shared), 0);
    }
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(churners[i], NULL), 0);
    }
    atomic_store(&shared.done, true);
    assert_int_equal(pthread_join(looker, &wrong), 0);
    assert_null(wrong);
    assert_int_equal(vgpu_handles_count(shared.table), 0);
    vgpu_handles_free(shared.table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mint_and_accept_agree_step_by_step),
        cmocka_unit_test(test_mint_at_the_limit_says_no_space),
        cmocka_unit_test(test_get_wrong_or_invented_handles_gives_null),
        cmocka_unit_test(test_accept_what_no_peer_can_have_minted_is_refused),
        cmocka_unit_test(test_each_may_take_its_own_handle),
        cmocka_unit_test(test_slot_without_next_generation_retires),
        cmocka_unit_test(test_threads_mint_take_and_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
