/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/io.h"
#include "common/log_field.h"
#include "common/log_sink.h"

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

/* ---- the journal, which a socket pair replaces ---------------------------------- */

/* The other end of what stands for the journal; it never blocks. */
static int journal_start(void)
{
    int ends[2];

    assert_int_equal(vgpu_log_init("vgpu-test", VGPU_LOG_INFO, VGPU_LOG_TARGET_STDERR), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    log_sink_set_journal(ends[0]);
    return ends[1];
}

static void journal_stop(int journal)
{
    close(journal);
    log_sink_set_journal(-1);
}

/* The next packet as text; false when there is none. */
static bool journal_read(int journal, char *text, size_t cap)
{
    ssize_t got = read(journal, text, cap - 1);

    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static void test_journal_has_the_words_of_a_line_as_fields(void **state)
{
    char text[2048];
    int journal = journal_start();

    (void)state;
    vgpu_log_id(VGPU_LOG_WARNING, "0123", "it ended session=7 vm=alpha gpu=0 what=\"vm=no\" x=1");
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_string_equal(text, "PRIORITY=4\nSYSLOG_IDENTIFIER=vgpu-test\nMESSAGE_ID=0123\n"
                              "MESSAGE=it ended session=7 vm=alpha gpu=0 what=\"vm=no\" x=1\n"
                              "VGPU_SESSION=7\nVGPU_VM=alpha\nVGPU_GPU=0\n");
    vgpu_log(VGPU_LOG_INFO, "says_vm=beta quoted=\"a vm=beta\" vm= vm=gamma vm=delta");
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_string_equal(text, "PRIORITY=6\nSYSLOG_IDENTIFIER=vgpu-test\n"
                              "MESSAGE=says_vm=beta quoted=\"a vm=beta\" vm= vm=gamma vm=delta\n"
                              "VGPU_VM=gamma\n");
    journal_stop(journal);
}

static void test_bytes_of_a_peer_make_no_field(void **state)
{
    static const char evil[] = "x\nVGPU_VM=beta\nMESSAGE=no vm=beta \"";
    char text[2048];
    char safe[256];
    int journal = journal_start();

    (void)state;
    vgpu_log(VGPU_LOG_INFO, "hello program=%s vm=alpha",
             vgpu_log_escape(safe, sizeof(safe), evil, sizeof(evil) - 1));
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_null(strstr(text, "VGPU_VM=beta"));
    assert_non_null(strstr(text, "\nVGPU_VM=alpha\n"));
    /* Even unescaped it stays one line. */
    vgpu_log(VGPU_LOG_INFO, "hello %s", evil);
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_null(strstr(text, "\nMESSAGE=no"));
    journal_stop(journal);
}

static void test_fields_that_do_not_fit_are_left_out(void **state)
{
    char line[VGPU_LOG_LINE_MAX];
    char packet[64];

    (void)state;
    memset(line, 'a', sizeof(line));
    memcpy(line, "vm=", 3);
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(log_field_append(packet, sizeof(packet), 0, line), 0);
    for (size_t cap = 0; cap <= sizeof("VGPU_VM=ab\n") - 1; cap++) {
        memset(packet, 0x55, sizeof(packet));
        assert_int_equal(log_field_append(packet, cap, 0, "vm=ab"),
                         cap == sizeof("VGPU_VM=ab\n") - 1 ? cap : 0);
        assert_int_equal(packet[cap], 0x55);
    }
}

/* Standard error that takes nothing any more: a pipe that is full. */
static int stuck_pipe(void)
{
    static const char block[4096];
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], block, sizeof(block)) > 0) {
    }
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    vgpu_log_set_stderr(ends[1]);
    return ends[0];
}

static void test_lines_that_nobody_takes_are_counted_and_told_of(void **state)
{
    char text[2048];
    uint64_t before = vgpu_log_dropped();
    int journal = journal_start();
    int from = stuck_pipe();
    unsigned int lines = 0;

    (void)state;
    /* The journal reads nothing: its queue holds some lines, the others are dropped. */
    for (unsigned int i = 0; i < 1000; i++) {
        vgpu_log(VGPU_LOG_INFO, "line=%u", i);
    }
    while (journal_read(journal, text, sizeof(text))) {
        lines++;
    }
    assert_true(lines > 0 && lines < 1000);
    assert_int_equal(vgpu_log_dropped() - before, 1000 - lines);
    vgpu_log(VGPU_LOG_INFO, "it reads again");
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_non_null(strstr(text, " lines were not logged of=vgpu-test"));
    assert_int_equal(strtoul(strstr(text, "MESSAGE=") + 8, NULL, 10), 1000 - lines);
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_non_null(strstr(text, "it reads again"));
    vgpu_log(VGPU_LOG_INFO, "once");
    assert_true(journal_read(journal, text, sizeof(text)));
    assert_non_null(strstr(text, "MESSAGE=once"));
    journal_stop(journal);
    vgpu_log_set_stderr(STDERR_FILENO);
    close(from);
}

static void test_journal_that_is_gone_leaves_standard_error(void **state)
{
    struct capture capture;
    char text[512];
    int journal = journal_start();

    (void)state;
    close(journal);
    capture_start(&capture);
    vgpu_log(VGPU_LOG_INFO, "still here");
    capture_stop(&capture, text, sizeof(text));
    assert_non_null(strstr(text, "info: still here"));
    log_sink_set_journal(-1);
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
        cmocka_unit_test(test_journal_has_the_words_of_a_line_as_fields),
        cmocka_unit_test(test_bytes_of_a_peer_make_no_field),
        cmocka_unit_test(test_fields_that_do_not_fit_are_left_out),
        cmocka_unit_test(test_lines_that_nobody_takes_are_counted_and_told_of),
        cmocka_unit_test(test_journal_that_is_gone_leaves_standard_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
