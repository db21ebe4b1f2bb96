/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor against a broker that the test plays.  The supervisor starts its own
 * binary as worker and probe: here that is this test, which then plays those too, as
 * VGPU_SIM_TEST_WORKER says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/sandbox/init_filter.h"
#include "executor/sandbox/locked_filter.h"
#include "executor/supervisor/backoff.h"
#include "executor/supervisor/supervisor.h"
#include "executor/worker/pipe.h"
#include "proto/frame_socket.h"

#define ROLE "VGPU_SIM_TEST_WORKER"

/* ---- the played worker and probe ------------------------------------------------- */

static void say(Vgpu__Frame *frame)
{
    struct vgpu_frame_socket socket;

    vgpu_frame_socket_init(&socket, EX_PIPE_FD);
    if (vgpu_frame_socket_send(&socket, frame, NULL, 0) < 0) {
        _exit(9);
    }
    /* The pipe stays open: it is the worker's life. */
    socket.fd = -1;
    vgpu_frame_socket_fini(&socket);
}

static int play_probe(void)
{
    char name[] = "played";
    uint8_t uuid[16] = {1};
    Vgpu__DeviceFacts device;
    Vgpu__Facts facts = VGPU__FACTS__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    vgpu__device_facts__init(&device);
    device.name = name;
    device.uuid.data = uuid;
    device.uuid.len = sizeof(uuid);
    facts.device_count = 1;
    facts.facts = &device;
    frame.kind_case = VGPU__FRAME__KIND_FACTS;
    frame.facts = &facts;
    say(&frame);
    return 0;
}

static int play_fatal(void)
{
    char reason[] = "no luck\" pid=1 today\n";
    Vgpu__Fatal fatal;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    vgpu__fatal__init(&fatal);
    fatal.reason = reason;
    frame.kind_case = VGPU__FRAME__KIND_FATAL;
    frame.fatal = &fatal;
    say(&frame);
    return 70;
}

static int play_worker(bool lock)
{
    Vgpu__Ready ready = VGPU__READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char byte;

    if (lock && VGPU_SANDBOX &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
         ex_filter_load(&ex_init_policy, false, NULL) < 0 ||
         ex_filter_load(&ex_locked_policy, false, NULL) < 0)) {
        return 8;
    }
    frame.kind_case = VGPU__FRAME__KIND_READY;
    frame.ready = &ready;
    say(&frame);
    return (int)read(EX_PIPE_FD, &byte, 1);
}

static int play(const char *mode)
{
    const char *role = getenv(ROLE);

    if (strcmp(mode, "--probe") == 0) {
        return play_probe();
    }
    if (role == NULL || strcmp(role, "good") == 0) {
        return play_worker(true);
    }
    if (strcmp(role, "unlocked") == 0) {
        return play_worker(false);
    }
    return strcmp(role, "fatal") == 0 ? play_fatal() : 3;
}

/* ---- the fixture: a supervisor in a child, the broker's end here --------------------- */

static struct {
    int listener;
    pid_t pid;
    char path[64];
    struct vgpu_frame_socket socket;
} f;

static _Noreturn void be_supervisor(void)
{
    static char none[] = "none";
    static struct ex_options options = {.mode = EX_MODE_SUPERVISOR,
                                        .gpu = {.text = "0"},
                                        .settings = {.workers_max = 4,
                                                     .helpers = 1,
                                                     .worker_socket = none,
                                                     .hostd_socket = none,
                                                     .ready_timeout_ms = 60000},
                                        .user = ""};

    options.socket = f.path;
    (void)snprintf(options.driver, sizeof(options.driver), "none");
    _exit(ex_supervisor_main(&options));
}

static void start(const char *role)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(f.path, sizeof(f.path), "/tmp/vgpu-supervisor-test-%d", (int)getpid());
    (void)unlink(f.path);
    memcpy(address.sun_path, f.path, strlen(f.path));
    f.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f.listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(f.listener, 1), 0);
    assert_int_equal(setenv(ROLE, role, 1), 0);
    f.pid = fork();
    if (f.pid == 0) {
        be_supervisor();
    }
}

static void accept_supervisor(void)
{
    vgpu_frame_socket_init(&f.socket, accept(f.listener, NULL, NULL));
}

static Vgpu__Frame *expect(Vgpu__Frame__KindCase kind)
{
    Vgpu__Frame *frame = NULL;

    assert_int_equal(vgpu_frame_socket_receive(&f.socket, &frame), 0);
    assert_string_equal(vgpu_frame_name(frame->kind_case), vgpu_frame_name(kind));
    return frame;
}

static void tell(Vgpu__Frame *frame)
{
    assert_int_equal(vgpu_frame_socket_send(&f.socket, frame, NULL, 0), 0);
}

static void registered(uint32_t spares)
{
    Vgpu__Registered message = VGPU__REGISTERED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    assert_string_equal(expect(VGPU__FRAME__KIND_REGISTER)->register_->facts->name, "played");
    message.spares = spares;
    frame.kind_case = VGPU__FRAME__KIND_REGISTERED;
    frame.registered = &message;
    tell(&frame);
}

static void tell_wanted(uint32_t count)
{
    Vgpu__WorkerWanted message = VGPU__WORKER_WANTED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.count = count;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_WANTED;
    frame.worker_wanted = &message;
    tell(&frame);
}

static void tell_taken(uint32_t worker)
{
    Vgpu__WorkerTaken message = VGPU__WORKER_TAKEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.worker = worker;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_TAKEN;
    frame.worker_taken = &message;
    tell(&frame);
}

/* Nobody waits any more: said before, or the supervisor makes the next one for who waits. */
static void serve(uint32_t worker)
{
    tell_wanted(0);
    tell_taken(worker);
}

static void tell_kill(uint32_t worker)
{
    Vgpu__WorkerKill message = VGPU__WORKER_KILL__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.worker = worker;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_KILL;
    frame.worker_kill = &message;
    tell(&frame);
}

struct spare {
    uint32_t worker;
    int pipe;
};

static struct spare expect_ready(void)
{
    const Vgpu__WorkerReady *ready = expect(VGPU__FRAME__KIND_WORKER_READY)->worker_ready;
    struct spare spare = {.worker = ready->worker};

    if (VGPU_SANDBOX) {
        assert_true(ready->no_new_privs);
        assert_int_equal(ready->seccomp_mode, 2);
    }
    spare.pipe = vgpu_frame_socket_take_fd(&f.socket);
    assert_true(spare.pipe >= 0);
    return spare;
}

static int end(void **state)
{
    int status = 0;

    (void)state;
    vgpu_frame_socket_fini(&f.socket);
    (void)kill(f.pid, SIGTERM);
    assert_int_equal(waitpid(f.pid, &status, 0), f.pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(f.listener);
    (void)unlink(f.path);
    return 0;
}

/* ---- the tests ---------------------------------------------------------------------- */

static void test_spares_are_kept_ready(void **state)
{
    (void)state;
    start("good");
    accept_supervisor();
    registered(2);
    struct spare first = expect_ready();
    struct spare second = expect_ready();

    assert_int_not_equal(first.worker, second.worker);
    tell_taken(first.worker);
    struct spare third = expect_ready();

    assert_int_not_equal(third.worker, first.worker);
    assert_int_not_equal(third.worker, second.worker);
    (void)close(first.pipe);
    (void)close(second.pipe);
    (void)close(third.pipe);
}

static void test_wanted_makes_one_without_spares(void **state)
{
    (void)state;
    start("good");
    accept_supervisor();
    registered(0);
    tell_wanted(1);
    struct spare worker = expect_ready();

    serve(worker.worker);
    /* Its session ends: it leaves, and nothing is made in its place. */
    (void)close(worker.pipe);
    const Vgpu__WorkerGone *gone = expect(VGPU__FRAME__KIND_WORKER_GONE)->worker_gone;

    assert_int_equal(gone->worker, worker.worker);
    assert_int_equal(gone->status, 0);
    tell_wanted(1);
    worker = expect_ready();
    (void)close(worker.pipe);
}

static void test_kill_is_reaped_and_told(void **state)
{
    (void)state;
    start("good");
    accept_supervisor();
    registered(0);
    tell_wanted(1);
    struct spare worker = expect_ready();

    serve(worker.worker);
    tell_kill(worker.worker);
    const Vgpu__WorkerGone *gone = expect(VGPU__FRAME__KIND_WORKER_GONE)->worker_gone;

    assert_int_equal(gone->worker, worker.worker);
    assert_true(WIFSIGNALED(gone->status));
    assert_int_equal(WTERMSIG(gone->status), SIGKILL);
    (void)close(worker.pipe);
}

static void test_workers_max_is_told(void **state)
{
    struct spare workers[4];

    (void)state;
    start("good");
    accept_supervisor();
    registered(0);
    for (unsigned int i = 0; i < 4; i++) {
        tell_wanted(1);
        workers[i] = expect_ready();
        serve(workers[i].worker);
    }
    tell_wanted(1);
    assert_non_null(strstr(expect(VGPU__FRAME__KIND_WORKER_FAILED)->worker_failed->reason, "use"));
    for (unsigned int i = 0; i < 4; i++) {
        (void)close(workers[i].pipe);
    }
}

static void test_worker_that_dies_before_ready_is_told(void **state)
{
    (void)state;
    start("dies");
    accept_supervisor();
    registered(1);
    assert_non_null(strstr(expect(VGPU__FRAME__KIND_WORKER_FAILED)->worker_failed->reason, "died"));
    /* It is tried again, later. */
    (void)expect(VGPU__FRAME__KIND_WORKER_FAILED);
}

static void test_reason_of_a_worker_that_cannot_start_is_told(void **state)
{
    (void)state;
    start("fatal");
    accept_supervisor();
    registered(1);
    assert_string_equal(expect(VGPU__FRAME__KIND_WORKER_FAILED)->worker_failed->reason,
                        "no luck? pid=1 today?");
}

#if VGPU_SANDBOX
static void test_unlocked_worker_is_never_handed_on(void **state)
{
    (void)state;
    start("unlocked");
    accept_supervisor();
    registered(1);
    assert_non_null(
        strstr(expect(VGPU__FRAME__KIND_WORKER_FAILED)->worker_failed->reason, "not locked"));
}
#endif

static void test_broker_that_comes_back_gets_new_workers(void **state)
{
    char byte;

    (void)state;
    start("good");
    accept_supervisor();
    registered(1);
    struct spare old = expect_ready();

    vgpu_frame_socket_fini(&f.socket);
    /* The worker is killed: its pipe ends. */
    assert_int_equal(read(old.pipe, &byte, 1), 0);
    (void)close(old.pipe);
    accept_supervisor();
    registered(1);
    struct spare fresh = expect_ready();

    assert_int_not_equal(fresh.worker, old.worker);
    (void)close(fresh.pipe);
}

static void expect_end(void)
{
    Vgpu__Frame *frame = NULL;

    assert_int_equal(vgpu_frame_socket_receive(&f.socket, &frame), -ECONNRESET);
}

static void test_registered_comes_first_and_once(void **state)
{
    Vgpu__Registered message = VGPU__REGISTERED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    (void)state;
    start("good");
    accept_supervisor();
    registered(0);
    frame.kind_case = VGPU__FRAME__KIND_REGISTERED;
    frame.registered = &message;
    tell(&frame);
    expect_end();
    vgpu_frame_socket_fini(&f.socket);
    accept_supervisor();
    (void)expect(VGPU__FRAME__KIND_REGISTER);
    tell_wanted(1);
    expect_end();
}

static void test_descriptors_are_not_taken(void **state)
{
    Vgpu__WorkerWanted message = VGPU__WORKER_WANTED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    (void)state;
    start("good");
    accept_supervisor();
    registered(0);
    frame.kind_case = VGPU__FRAME__KIND_WORKER_WANTED;
    frame.worker_wanted = &message;
    assert_int_equal(vgpu_frame_socket_send(&f.socket, &frame, &f.listener, 1), 0);
    expect_end();
}

/* A worker that the broker was not given yet is not the broker's to kill. */
static void test_worker_that_starts_is_not_killed(void **state)
{
    (void)state;
    start("good");
    accept_supervisor();
    registered(0);
    tell_wanted(1);
    tell_kill(1);
    struct spare worker = expect_ready();

    assert_int_equal(worker.worker, 1);
    (void)close(worker.pipe);
}

static void test_backoff_doubles_to_its_bound(void **state)
{
    struct ex_backoff backoff = {.pause_ns = 0};

    (void)state;
    assert_true(ex_backoff_over(&backoff, 5));
    ex_backoff_failed(&backoff, 5);
    assert_false(ex_backoff_over(&backoff, 5));
    assert_true(ex_backoff_over(&backoff, 5 + EX_BACKOFF_MIN_NS));
    ex_backoff_failed(&backoff, 0);
    assert_int_equal(backoff.pause_ns, 2 * EX_BACKOFF_MIN_NS);
    for (unsigned int i = 0; i < 70; i++) {
        ex_backoff_failed(&backoff, 0);
    }
    assert_int_equal(backoff.pause_ns, EX_BACKOFF_MAX_NS);
    ex_backoff_reset(&backoff);
    assert_true(ex_backoff_over(&backoff, 0));
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_spares_are_kept_ready),
        TEST(test_wanted_makes_one_without_spares),
        TEST(test_kill_is_reaped_and_told),
        TEST(test_workers_max_is_told),
        TEST(test_worker_that_dies_before_ready_is_told),
        TEST(test_reason_of_a_worker_that_cannot_start_is_told),
#if VGPU_SANDBOX
        TEST(test_unlocked_worker_is_never_handed_on),
#endif
        TEST(test_broker_that_comes_back_gets_new_workers),
        TEST(test_registered_comes_first_and_once),
        TEST(test_descriptors_are_not_taken),
        TEST(test_worker_that_starts_is_not_killed),
        cmocka_unit_test(test_backoff_doubles_to_its_bound),
    };

    if (argc > 1 && (strcmp(argv[1], "--worker") == 0 || strcmp(argv[1], "--probe") == 0)) {
        return play(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
