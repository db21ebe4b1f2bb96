/* SPDX-License-Identifier: Apache-2.0 */
/* guest/glibc/later.c in the place of the system's functions. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static void test_status_of_a_file(void **state)
{
    char path[] = "/tmp/vgpu-later-XXXXXX";
    int fd = mkstemp(path);
    struct stat by_name;
    struct stat by_fd;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "12345", 5), 5);
    assert_int_equal(fstat(fd, &by_fd), 0);
    assert_int_equal(stat(path, &by_name), 0);
    assert_true(S_ISREG(by_fd.st_mode));
    assert_int_equal(by_fd.st_size, 5);
    assert_int_equal(by_fd.st_uid, getuid());
    assert_int_equal(by_fd.st_ino, by_name.st_ino);
    assert_int_equal(by_fd.st_dev, by_name.st_dev);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fstat(fd, &by_fd), 0);
    assert_int_equal(by_fd.st_nlink, 0);
    assert_int_equal(close(fd), 0);
}

static void test_no_such_file(void **state)
{
    struct stat status;

    (void)state;
    errno = 0;
    assert_int_equal(stat("/nowhere/at/all", &status), -1);
    assert_int_equal(errno, ENOENT);
    errno = 0;
    assert_int_equal(fstat(-1, &status), -1);
    assert_int_equal(errno, EBADF);
}

static void test_arrays(void **state)
{
    /* The compiler knows what would come of it. */
    void *(*volatile array)(void *, size_t, size_t) = reallocarray;
    char *block = array(NULL, 4, 8);
    char *grown;

    (void)state;
    assert_non_null(block);
    memset(block, 7, 32);
    errno = 0;
    assert_null(array(block, SIZE_MAX / 4, 5));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(block[31], 7);
    grown = array(block, 100, 8);
    assert_non_null(grown);
    assert_int_equal(grown[31], 7);
    free(grown);
}

static int compare(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void add(const void *node, VISIT which, void *closure)
{
    if (which == postorder || which == leaf) {
        *(int *)closure += **(const int *const *)node;
    }
}

struct nested {
    const void *root;
    int outer;
    int inner;
};

static void add_all(const void *node, VISIT which, void *closure)
{
    struct nested *nested = closure;

    twalk_r(nested->root, add, &nested->inner);
    add(node, which, &nested->outer);
}

static void test_walks_within_walks(void **state)
{
    int numbers[] = {5, 3, 8, 1, 4};
    struct nested nested = {.outer = 0};
    void *root = NULL;
    int sum = 0;

    (void)state;
    twalk_r(NULL, add, &sum);
    assert_int_equal(sum, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(tsearch(&numbers[i], &root, compare));
    }
    twalk_r(root, add, &sum);
    assert_int_equal(sum, 21);
    nested.root = root;
    twalk_r(root, add_all, &nested);
    assert_int_equal(nested.outer, 21);
    assert_true(nested.inner >= 5 * 21);
    assert_int_equal(nested.inner % 21, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(tdelete(&numbers[i], &root, compare));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_of_a_file),
        cmocka_unit_test(test_no_such_file),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_walks_within_walks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
