/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/rule.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "executor/sim/sim.h"

#define RULES_MAX 16
#define HANG      (-1)
#define CRASH     (-2)

struct rule {
    char call[64];
    unsigned long nth;
    bool later; /* also every one after the nth */
    int what;   /* a code, HANG or CRASH */
    unsigned long seen;
};

static struct {
    struct rule rule[RULES_MAX];
    unsigned count;
    bool read;
} rules;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* "call:nth:what"; false when it is not that. */
static bool rule_read(const char *text, struct rule *r)
{
    char nth[24];
    char what[16];
    char *end;

    memset(r, 0, sizeof(*r));
    if (sscanf(text, "%63[^:]:%23[^:]:%15[^:]", r->call, nth, what) != 3) {
        return false;
    }
    r->nth = strtoul(nth, &end, 10);
    r->later = *end == '+';
    if (r->nth == 0 || (*end != '\0' && strcmp(end, "+") != 0)) {
        return false;
    }
    if (strcmp(what, "hang") == 0 || strcmp(what, "crash") == 0) {
        r->what = what[0] == 'h' ? HANG : CRASH;
        return true;
    }
    r->what = (int)strtol(what, &end, 10);
    return r->what > 0 && *end == '\0';
}

static void rules_read(void)
{
    const char *setting = getenv("VGPU_SIM_FAULT");
    char *copy = setting == NULL ? NULL : strdup(setting);
    char *rest = NULL;

    rules.read = true;
    for (char *text = copy == NULL ? NULL : strtok_r(copy, ",", &rest); text != NULL;
         text = strtok_r(NULL, ",", &rest)) {
        if (rules.count == RULES_MAX || !rule_read(text, &rules.rule[rules.count])) {
            sim_log("VGPU_SIM_FAULT: '%s' is not call:nth:code, call:nth:hang or call:nth:crash, "
                    "or is more than %d"
                    " rules: ignored",
                    text, RULES_MAX);
        } else {
            rules.count++;
        }
    }
    free(copy);
}

/* A rule names a call with or without its version suffix. */
static bool names(const struct rule *r, const char *call)
{
    size_t n = strlen(r->call);

    return strncmp(call, r->call, n) == 0 &&
           (call[n] == '\0' || (call[n] == '_' && call[n + 1] == 'v'));
}

/* What the rules say of this one: 0, a code, HANG or CRASH. */
static int decide(const char *call)
{
    int what = 0;

    pthread_mutex_lock(&lock);
    if (!rules.read) {
        rules_read();
    }
    for (unsigned k = 0; k < rules.count; k++) {
        struct rule *r = &rules.rule[k];

        if (!names(r, call)) {
            continue;
        }
        r->seen++;
        if (what == 0 && (r->seen == r->nth || (r->later && r->seen > r->nth))) {
            what = r->what;
        }
    }
    pthread_mutex_unlock(&lock);
    return what;
}

static _Noreturn void hang(const char *call)
{
    const struct timespec day = {86400, 0};

    sim_log("%s: hangs by VGPU_SIM_FAULT", call);
    for (;;) {
        (void)nanosleep(&day, NULL);
    }
}

static _Noreturn void crash(const char *call)
{
    sim_log("%s: crashes by VGPU_SIM_FAULT", call);
    (void)raise(SIGSEGV);
    abort();
}

CUresult sim_rule_call(const char *call)
{
    int what = decide(call);

    if (what == HANG) {
        hang(call);
    }
    if (what == CRASH) {
        crash(call);
    }
    return (CUresult)what;
}

CUresult sim_rule_kernel(bool *hangs)
{
    int what = decide("kernel");

    *hangs = what == HANG;
    if (what == CRASH) {
        crash("a launch");
    }
    return what == HANG ? CUDA_SUCCESS : (CUresult)what;
}
