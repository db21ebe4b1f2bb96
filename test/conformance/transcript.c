/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/conformance/state.h"

static struct conf_state *current;
static bool exact;

void conf_state_be_exact(void)
{
    exact = true;
}

struct conf_state *conf_state_new(void)
{
    struct conf_state *state =
        mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return state == MAP_FAILED ? NULL : state;
}

void conf_state_reset(struct conf_state *state)
{
    pthread_mutexattr_t attr;

    memset(state, 0, sizeof(*state));
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&state->lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

void conf_state_use(struct conf_state *state)
{
    current = state;
}

/* Whole lines only: a line that does not fit is left out and counted as such. */
__attribute__((format(printf, 1, 2))) static void record(const char *fmt, ...)
{
    char line[512];
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (len < 0) {
        return;
    }
    if ((size_t)len >= sizeof(line)) {
        len = sizeof(line) - 1;
    }
    pthread_mutex_lock(&current->lock);
    if (current->used + (unsigned int)len + 2 <= sizeof(current->transcript)) {
        memcpy(current->transcript + current->used, line, (size_t)len);
        current->used += (unsigned int)len;
        current->transcript[current->used++] = '\n';
    } else {
        current->truncated = true;
    }
    pthread_mutex_unlock(&current->lock);
}

__attribute__((format(printf, 1, 2))) static void fail(const char *fmt, ...)
{
    char text[sizeof(current->first_failure)];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    pthread_mutex_lock(&current->lock);
    if (current->failures++ == 0) {
        memcpy(current->first_failure, text, sizeof(text));
    }
    pthread_mutex_unlock(&current->lock);
}

CUresult conf_call(const char *text, CUresult cu)
{
    record("%s = %d", text, (int)cu);
    return cu;
}

void conf_result(const char *text, CUresult cu, CUresult want, int line)
{
    record("%s = %d", text, (int)cu);
    if (cu != want) {
        fail("line %d: %s = %d, expected %d", line, text, (int)cu, (int)want);
    }
}

/* "1 or 400", or "any error"; true when the code is among them. */
static bool describe(CUresult cu, const CUresult *codes, char *text, size_t room)
{
    bool found = codes == NULL && cu != CUDA_SUCCESS;
    size_t used = 0;

    snprintf(text, room, "any error");
    for (; codes != NULL && *codes != CUDA_SUCCESS && used < room; codes++) {
        used += (size_t)snprintf(text + used, room - used, used ? " or %d" : "%d", (int)*codes);
        found |= cu == *codes;
    }
    return found;
}

void conf_among(const char *text, CUresult cu, const CUresult *codes, int line)
{
    char wanted[64];
    bool found = describe(cu, codes, wanted, sizeof(wanted));

    if (exact) {
        record("%s = %d", text, (int)cu);
    } else {
        record("%s = %s", text, wanted);
    }
    if (!found) {
        fail("line %d: %s = %d, expected %s", line, text, (int)cu, wanted);
    }
}

void conf_setup(const char *text, CUresult cu, int line)
{
    if (cu == CUDA_SUCCESS) {
        return;
    }
    record("setup %s = %d", text, (int)cu);
    fail("line %d: setup %s = %d", line, text, (int)cu);
    current->finished = true;
    _exit(1);
}

void conf_expect(const char *text, bool holds, int line)
{
    record("%s: %s", text, holds ? "yes" : "no");
    if (!holds) {
        fail("line %d: not so: %s", line, text);
    }
}

void conf_value(const char *text, long long value)
{
    record("%s is %lld", text, value);
}

void conf_skip(const char *why)
{
    record("skipped: %s", why);
    current->skipped = true;
    current->finished = true;
    _exit(0);
}
