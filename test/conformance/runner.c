/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/conformance/state.h"

struct slot {
    pid_t pid;
    struct conf_outcome *outcome;
    struct conf_state *state;
    time_t deadline;
    bool timed_out;
};

const char *conf_verdict_name(enum conf_verdict verdict)
{
    static const char *const names[] = {"pass", "fail", "skip"};

    return names[verdict];
}

const char *conf_kind_name(enum conf_kind kind)
{
    static const char *const names[] = {"positive", "negative", "unsupported", "native", "ours"};

    return names[kind];
}

static time_t seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

/* What the driver does not have is not asked: the case is skipped, and says what it lacked. */
static void skip_without(const char *call)
{
    char why[128];

    snprintf(why, sizeof(why), "the driver has no %s", call);
    conf_skip(why);
}

/* exit(), not _exit(): what runs at the end of a program is under test too. */
static _Noreturn void run_case(const struct conf_case *test, struct conf_state *state,
                               const sigset_t *mask)
{
    const struct rlimit none = {0, 0};

    setpgid(0, 0);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    conf_state_use(state);
    if (driver_api_load()) {
        conf_skip("no CUDA driver library");
    }
    driver_api_on_missing(skip_without);
    test->run();
    state->finished = true;
    exit(0);
}

static void judge(struct slot *slot, int status)
{
    struct conf_outcome *o = slot->outcome;
    const struct conf_state *s = slot->state;

    o->verdict = CONF_FAIL;
    if (slot->timed_out) {
        snprintf(o->why, sizeof(o->why), "hang: killed after %u s", CONF_CASE_SECONDS);
    } else if (WIFSIGNALED(status)) {
        snprintf(o->why, sizeof(o->why), "ended by signal %d", WTERMSIG(status));
    } else if (s->failures) {
        snprintf(o->why, sizeof(o->why), "%.*s", (int)sizeof(s->first_failure), s->first_failure);
    } else if (!s->finished || WEXITSTATUS(status)) {
        snprintf(o->why, sizeof(o->why), "left early with status %d", WEXITSTATUS(status));
    } else if (s->truncated) {
        snprintf(o->why, sizeof(o->why), "transcript longer than %u bytes", CONF_TRANSCRIPT_BYTES);
    } else {
        o->verdict = s->skipped ? CONF_SKIP : CONF_PASS;
    }
    o->transcript = strndup(s->transcript, s->used);
}

static int start(struct slot *slot, const struct conf_case *test, struct conf_outcome *outcome,
                 const sigset_t *mask)
{
    pid_t pid;

    conf_state_reset(slot->state);
    outcome->test = test;
    fflush(NULL);
    pid = fork();
    if (pid < 0) {
        return -errno;
    }
    if (pid == 0) {
        run_case(test, slot->state, mask);
    }
    slot->pid = pid;
    slot->outcome = outcome;
    slot->deadline = seconds() + CONF_CASE_SECONDS;
    slot->timed_out = false;
    return 0;
}

/* The case leads a process group, so what it forked ends with it: before it is reaped, while the
 * number is nobody else's. */
static bool reap(struct slot *slot)
{
    siginfo_t info = {.si_pid = 0};
    int status = 0;

    if (waitid(P_PID, (id_t)slot->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == slot->pid) {
        kill(-slot->pid, SIGKILL);
        waitpid(slot->pid, &status, 0);
        judge(slot, status);
        slot->pid = 0;
        return true;
    }
    if (!slot->timed_out && seconds() >= slot->deadline) {
        slot->timed_out = true;
        kill(-slot->pid, SIGKILL);
        kill(slot->pid, SIGKILL);
    }
    return false;
}

/* Sleeps until a child ends, at most a second (the deadlines' grain). */
static void wait_for_child(const sigset_t *child)
{
    struct timespec limit = {.tv_sec = 1};

    (void)sigtimedwait(child, NULL, &limit);
}

/* Cases for which there is no time are not run, and say so. */
static size_t leave_out(const struct conf_case *const *cases, size_t from, size_t count,
                        struct conf_outcome *outcomes)
{
    for (size_t i = from; i < count; i++) {
        outcomes[i].test = cases[i];
        outcomes[i].verdict = CONF_SKIP;
        outcomes[i].transcript = strdup("");
        snprintf(outcomes[i].why, sizeof(outcomes[i].why), "not run: no time was left");
    }
    return count - from;
}

/* Those alone are last, and wait until nothing runs. */
static bool may_start(const struct conf_case *test, size_t running)
{
    return running == 0 || !conf_case_is_alone(test);
}

static int run_slots(struct slot *slots, unsigned int jobs, const struct conf_case *const *cases,
                     size_t count, time_t until, struct conf_outcome *outcomes,
                     void (*done)(const struct conf_outcome *))
{
    sigset_t child, old;
    size_t next = 0, ended = 0;
    int rc = 0;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &old);
    while (ended < count && !rc) {
        bool progress = false;

        if (next < count && until && seconds() >= until) {
            ended += leave_out(cases, next, count, outcomes);
            next = count;
        }
        for (unsigned int i = 0; i < jobs && !rc; i++) {
            if (!slots[i].pid && next < count && may_start(cases[next], next - ended)) {
                rc = start(&slots[i], cases[next], &outcomes[next], &old);
                next++;
            } else if (slots[i].pid && reap(&slots[i])) {
                progress = true;
                ended++;
                done(slots[i].outcome);
            }
        }
        if (!progress && !rc) {
            wait_for_child(&child);
        }
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    return rc;
}

int conf_run(const struct conf_case *const *cases, size_t count, unsigned int jobs,
             unsigned int limit_s, struct conf_outcome *outcomes,
             void (*done)(const struct conf_outcome *))
{
    struct slot slots[CONF_JOBS_MAX] = {0};

    if (jobs < 1 || jobs > CONF_JOBS_MAX) {
        return -EINVAL;
    }
    memset(outcomes, 0, count * sizeof(*outcomes));
    for (unsigned int i = 0; i < jobs; i++) {
        slots[i].state = conf_state_new();
        if (!slots[i].state) {
            return -ENOMEM;
        }
    }
    return run_slots(slots, jobs, cases, count, limit_s ? seconds() + limit_s : 0, outcomes, done);
}

void conf_outcomes_free(struct conf_outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(outcomes[i].transcript);
    }
    free(outcomes);
}
