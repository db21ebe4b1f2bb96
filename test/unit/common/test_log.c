/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/io.h"

/* What was written to standard error, which a pipe replaces for the test. */
struct capture {
    int saved;
    int from;
};

static void capture_start(struct capture *capture)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    capture->saved = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    capture->from = ends[0];
}

static void capture_stop(struct capture *capture, char *text, size_t cap)
{
    ssize_t got;

    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    close(capture->saved);
    got = vgpu_read_full(capture->from, text, cap - 1);
    close(capture->from);
    assert_true(got >= 0);
    text[got] = '\0';
}

static void test_line_has_time_program_level_and_text(void **state)
{
    struct capture capture;
    char text[256];

    (void)state;
    assert_int_equal(vgpu_log_init("vgpu-test", VGPU_LOG_INFO, VGPU_LOG_TARGET_STDERR), 0);
    assert_int_equal(vgpu_log_fd(), STDERR_FILENO);
    capture_start(&capture);
    errno = ENOTTY;
    vgpu_log(VGPU_LOG_WARNING, "session refused id=%d", 7);
    assert_int_equal(errno, ENOTTY);
    vgpu_log(VGPU_LOG_DEBUG, "not written");
    capture_stop(&capture, text, sizeof(text));
    assert_int_equal(text[4], '-');
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[23], 'Z');
    assert_string_equal(text + 24, " vgpu-test warning: session refused id=7\n");
}

static void test_line_stays_one_line_and_bounded(void **state)
{
    static char longer[2 * VGPU_LOG_LINE_MAX];
    struct capture capture;
    static char text[4 * VGPU_LOG_LINE_MAX];
    size_t len;

    (void)state;
    memset(longer, 'a', sizeof(longer) - 1);
    longer[3] = '\n';
    assert_int_equal(vgpu_log_init("t", VGPU_LOG_DEBUG, VGPU_LOG_TARGET_STDERR), 0);
    capture_start(&capture);
    vgpu_log(VGPU_LOG_DEBUG, "%s", longer);
    capture_stop(&capture, text, sizeof(text));
    len = strlen(text);
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    assert_non_null(strstr(text, "debug: aaa?aaa"));
    assert_string_equal(text + len - 5, "a...\n");
    assert_true(len < VGPU_LOG_LINE_MAX + 64);
}

static void test_level_changes_at_run_time(void **state)
{
    (void)state;
    vgpu_log_set_level(VGPU_LOG_ERROR);
    assert_true(vgpu_log_enabled(VGPU_LOG_ERROR));
    assert_false(vgpu_log_enabled(VGPU_LOG_WARNING));
    vgpu_log_set_level(VGPU_LOG_DEBUG);
    assert_true(vgpu_log_enabled(VGPU_LOG_DEBUG));
}

static void test_level_names_are_read_back(void **state)
{
    enum vgpu_log_level level = VGPU_LOG_ERROR;

    (void)state;
    for (int value = VGPU_LOG_ERROR; value <= VGPU_LOG_DEBUG; value++) {
        const char *name = vgpu_log_level_name((enum vgpu_log_level)value);

        assert_int_equal(vgpu_log_level_parse(name, &level), 0);
        assert_int_equal((int)level, value);
    }
    assert_int_equal(vgpu_log_level_parse("loud", &level), -EINVAL);
    assert_int_equal((int)level, VGPU_LOG_DEBUG);
    assert_string_equal(vgpu_log_level_name((enum vgpu_log_level)99), "?");
}

static void test_target_follows_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("VGPU_LOG_TARGET", "stderr", 1), 0);
    assert_int_equal(vgpu_log_init("t", VGPU_LOG_INFO, VGPU_LOG_TARGET_AUTO), 0);
    assert_int_equal(vgpu_log_fd(), STDERR_FILENO);
    if (access("/run/systemd/journal/socket", F_OK) != 0) {
        assert_true(vgpu_log_init("t", VGPU_LOG_INFO, VGPU_LOG_TARGET_JOURNAL) < 0);
        assert_int_equal(vgpu_log_fd(), STDERR_FILENO);
    }
}

static void test_escape_hides_what_is_not_plain(void **state)
{
    char text[64];

    (void)state;
    assert_string_equal(vgpu_log_escape(text, sizeof(text), "a b=\"\\\n\xff", 7),
                        "a\\x20b\\x3d\\x22\\x5c\\x0a");
    assert_string_equal(vgpu_log_escape(text, sizeof(text), "plain", 5), "plain");
    assert_string_equal(vgpu_log_escape(text, sizeof(text), "", 0), "");
}

static void test_escape_never_overruns(void **state)
{
    char guarded[40];

    (void)state;
    for (size_t cap = 0; cap < 24; cap++) {
        for (size_t len = 0; len < 12; len++) {
            memset(guarded, 0x55, sizeof(guarded));
            vgpu_log_escape(guarded, cap,
                            "ab\ncd\x01"
                            "efghij",
                            len);
            assert_int_equal(guarded[cap], 0x55);
            assert_true(cap == 0 || strnlen(guarded, cap) < cap);
        }
    }
    /* Nothing fits: the text is empty, not what was in the buffer. */
    assert_string_equal(vgpu_log_escape(guarded, 2, "\n", 1), "");
    assert_string_equal(vgpu_log_escape(guarded, 6, "abcdefgh", 8), "ab...");
}

static void test_ratelimit_passes_burst_then_interval(void **state)
{
    struct vgpu_ratelimit limit = VGPU_RATELIMIT_INIT(2, 100);
    uint64_t kept_back = 9;

    (void)state;
    assert_true(vgpu_ratelimit_pass(&limit, 1000, &kept_back));
    assert_int_equal(kept_back, 0);
    assert_true(vgpu_ratelimit_pass(&limit, 1000, NULL));
    assert_false(vgpu_ratelimit_pass(&limit, 1050, NULL));
    assert_false(vgpu_ratelimit_pass(&limit, 1099, NULL));
    assert_true(vgpu_ratelimit_pass(&limit, 1100, &kept_back));
    assert_int_equal(kept_back, 2);
    assert_false(vgpu_ratelimit_pass(&limit, 1150, NULL));
    assert_true(vgpu_ratelimit_pass(&limit, 5000, NULL));
    assert_true(vgpu_ratelimit_pass(&limit, 5000, NULL));
    assert_false(vgpu_ratelimit_pass(&limit, 5000, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_has_time_program_level_and_text),
        cmocka_unit_test(test_line_stays_one_line_and_bounded),
        cmocka_unit_test(test_level_changes_at_run_time),
        cmocka_unit_test(test_level_names_are_read_back),
        cmocka_unit_test(test_target_follows_the_environment),
        cmocka_unit_test(test_escape_hides_what_is_not_plain),
        cmocka_unit_test(test_escape_never_overruns),
        cmocka_unit_test(test_ratelimit_passes_burst_then_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
