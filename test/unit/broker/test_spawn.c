/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/spawn.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static uv_loop_t loop;
static struct br_spawn spawn;
static struct br_options options;
static char folder[64];
static char program[96];
static char socket_path[] = "/run/somewhere.sock";
static int exits;
static int exit_status;

static void on_exit_(struct br_spawn *which, int status)
{
    (void)which;
    exits++;
    exit_status = status;
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/vgpu-spawn-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(program, sizeof(program), "%s/executor", folder);
    memset(&spawn, 0, sizeof(spawn));
    spawn.on_exit = on_exit_;
    options = (struct br_options){.spawn_executors = true, .executor = program};
    options.settings.executor_socket = socket_path;
    exits = 0;
    return uv_loop_init(&loop);
}

static int teardown(void **state)
{
    (void)state;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    unlink(program);
    rmdir(folder);
    return uv_loop_close(&loop);
}

static void write_program(const char *text)
{
    FILE *file = fopen(program, "we");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    assert_int_equal(fchmod(fileno(file), 0755), 0);
    fclose(file);
}

static void wait_exit(void)
{
    while (exits == 0) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
}

static void test_arguments_reach_the_executor(void **state)
{
    char line[400] = "";
    char path[128];
    FILE *file;

    (void)state;
    options.driver = "sim";
    options.daemon.config_path = "/etc/x.conf";
    options.daemon.sets[0] = "executor.workers_max=7";
    options.daemon.sets[1] = "broker.spin_us=0";
    options.daemon.set_count = 2;
    options.settings.log_level = 3;
    write_program("echo \"$@\" > $0.args; exit 3");
    assert_int_equal(br_spawn_start(&spawn, &loop, &options), 0);
    wait_exit();
    assert_true(WIFEXITED(exit_status));
    assert_int_equal(WEXITSTATUS(exit_status), 3);
    (void)snprintf(path, sizeof(path), "%s.args", program);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    unlink(path);
    assert_string_equal(line, "--all --socket /run/somewhere.sock --log-level debug --driver sim "
                              "--config /etc/x.conf --workers-max 7\n");
}

static void test_stop_ends_the_executor(void **state)
{
    (void)state;
    write_program("exec sleep 1000");
    assert_int_equal(br_spawn_start(&spawn, &loop, &options), 0);
    br_spawn_stop(&spawn);
    wait_exit();
    assert_true(WIFSIGNALED(exit_status));
    assert_int_equal(WTERMSIG(exit_status), SIGTERM);
    br_spawn_stop(&spawn);
}

static void test_missing_executor_ends_with_127(void **state)
{
    (void)state;
    assert_int_equal(br_spawn_start(&spawn, &loop, &options), 0);
    wait_exit();
    assert_int_equal(WEXITSTATUS(exit_status), 127);
}

/* This test program has no vgpu-executor beside it. */
static void test_executor_that_is_not_found_is_refused(void **state)
{
    (void)state;
    options.executor = NULL;
    assert_int_equal(br_spawn_start(&spawn, &loop, &options), -ENOENT);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_arguments_reach_the_executor),
        TEST(test_stop_ends_the_executor),
        TEST(test_missing_executor_ends_with_127),
        TEST(test_executor_that_is_not_found_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
