/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/lock.h"

#include <pthread.h>
#include <time.h>

#include "test/unit/guest/test.h"

#define THREADS 4u
#define TURNS   20000u

static struct gs_lock lock;
static unsigned int count; /* under the lock */

static void *count_up(void *arg)
{
    (void)arg;
    for (unsigned int i = 0; i < TURNS; i++) {
        gs_lock_take(&lock);
        count++;
        gs_lock_give(&lock);
    }
    return NULL;
}

static void test_one_thread_takes_and_gives(void **state)
{
    (void)state;
    gs_lock_take(&lock);
    assert_int_equal(atomic_load(&lock.word), 1);
    gs_lock_give(&lock);
    assert_int_equal(atomic_load(&lock.word), 0);
}

static void test_one_is_inside(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (unsigned int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    }
    for (unsigned int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(count, THREADS * TURNS);
    assert_int_equal(atomic_load(&lock.word), 0);
}

static void *pass(void *arg)
{
    gs_lock_take(&lock);
    (*(unsigned int *)arg)++;
    gs_lock_give(&lock);
    return NULL;
}

/* All that sleep come to their turn, each woken by the one before. */
static void test_who_sleeps_is_woken(void **state)
{
    const struct timespec nap = {.tv_nsec = 1000000};
    pthread_t threads[THREADS];
    unsigned int passed = 0;

    (void)state;
    gs_lock_take(&lock);
    for (unsigned int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, pass, &passed), 0);
    }
    while (atomic_load(&lock.word) != 2) {
        (void)nanosleep(&nap, NULL);
    }
    (void)nanosleep(&nap, NULL);
    assert_int_equal(passed, 0);
    gs_lock_give(&lock);
    for (unsigned int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(passed, THREADS);
    assert_int_equal(atomic_load(&lock.word), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread_takes_and_gives),
        cmocka_unit_test(test_one_is_inside),
        cmocka_unit_test(test_who_sleeps_is_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
