/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/host_call.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/thread.h"

struct entry {
    struct gs_host_function function;
    bool stays;
};

static __thread bool inside __attribute__((tls_model("initial-exec")));
/* Guards `ready` of all sessions. */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;

bool gs_host_call_inside(void)
{
    return inside;
}

static bool has_work(void *arg)
{
    struct gs_session *s = arg;

    return atomic_load_explicit(&s->host_calls.asked, memory_order_acquire) != NULL;
}

static void call(const struct gs_host_function *function, CUresult status)
{
    inside = true;
    if (function->fn != NULL) {
        function->fn(function->data);
    } else if (function->callback != NULL) {
        function->callback(function->stream, status, function->data);
    }
    inside = false;
    gs_link_host_function_ran();
}

/* A copy of what a token stands for; a token for one call ends.  False: there is none. */
static bool take(struct gs_session *s, uint64_t token, struct gs_host_function *function)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&s->host_calls.lock);
    entry = vgpu_handles_get(s->host_calls.table, token);
    if (entry != NULL) {
        *function = entry->function;
        if (!entry->stays) {
            (void)vgpu_handles_take(s->host_calls.table, token);
            free(entry);
        }
    }
    (void)pthread_mutex_unlock(&s->host_calls.lock);
    return entry != NULL;
}

/* What was asked for, oldest first. */
static struct gs_host_ask *take_asked(struct gs_session *s)
{
    struct gs_host_ask *newest = atomic_exchange(&s->host_calls.asked, NULL);
    struct gs_host_ask *oldest = NULL;

    while (newest != NULL) {
        struct gs_host_ask *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void serve(struct gs_session *s)
{
    uint64_t life = atomic_load(&s->host_calls.life);
    struct gs_host_ask *ask = take_asked(s);

    while (ask != NULL) {
        struct vgpu_args_vgpuHostDone args = {.call = ask->call};
        struct gs_host_ask *next = ask->next;
        struct gs_host_function function;

        if (take(s, ask->token, &function)) {
            if (function.callback != NULL) {
                (void)gs_console_flush(s);
            }
            call(&function, CUDA_SUCCESS);
        }
        if (atomic_load(&s->host_calls.life) == life) {
            (void)gs_send_vgpuHostDone(s, &args);
            gs_host_calls_unexpect(s, 1);
        }
        free(ask);
        ask = next;
    }
}

struct orphans {
    struct gs_session *s;
    CUresult status;
};

/* Native calls what cuStreamAddCallback left behind with the error; host functions it drops. */
static void end_entry(void *object, uint64_t handle, void *arg)
{
    struct orphans *orphans = arg;
    struct gs_host_function function;
    struct entry *entry = object;

    if (!entry->stays && take(orphans->s, handle, &function) && function.callback != NULL) {
        call(&function, orphans->status);
    }
}

static void drop_asked(struct gs_session *s)
{
    struct gs_host_ask *ask = take_asked(s);

    while (ask != NULL) {
        struct gs_host_ask *next = ask->next;

        free(ask);
        ask = next;
    }
}

static void serve_broken(struct gs_session *s, CUresult status)
{
    struct orphans orphans = {s, status};

    drop_asked(s);
    vgpu_handles_each(s->host_calls.table, end_entry, &orphans);
    atomic_store(&s->host_calls.pending, 0);
}

static void sleep_until_wanted(struct gs_host_calls *h)
{
    (void)pthread_mutex_lock(&h->lock);
    while (atomic_load(&h->pending) == 0) {
        (void)pthread_cond_wait(&h->changed, &h->lock);
    }
    (void)pthread_mutex_unlock(&h->lock);
}

static void *thread_main(void *arg)
{
    struct gs_session *s = arg;

    if (gs_thread_get() == NULL) {
        return NULL;
    }
    for (;;) {
        CUresult cu;

        sleep_until_wanted(&s->host_calls);
        cu = gs_link_wait(&s->link, has_work, s);
        if (cu == CUDA_SUCCESS) {
            serve(s);
        } else {
            serve_broken(s, cu);
        }
    }
    return NULL;
}

/* Under start_lock. */
static bool start(struct gs_session *s)
{
    struct gs_host_calls *h = &s->host_calls;
    pthread_t thread;
    sigset_t all;
    sigset_t old;
    int rc;

    if (h->table == NULL) {
        h->table = vgpu_handles_new(VGPU_HANDLE_HOST_CALL, VGPU_HOST_CALLS_MAX);
        (void)pthread_mutex_init(&h->lock, NULL);
        (void)pthread_cond_init(&h->changed, NULL);
    }
    if (h->table == NULL) {
        return false;
    }
    /* The program's signals are not for this thread. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&thread, NULL, thread_main, s);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        return false;
    }
    (void)pthread_detach(thread);
    h->ready = true;
    return true;
}

CUresult gs_host_call_new(struct gs_session *s, const struct gs_host_function *function, bool stays,
                          uint64_t *token)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    bool ready;

    (void)pthread_mutex_lock(&start_lock);
    ready = s->host_calls.ready || start(s);
    (void)pthread_mutex_unlock(&start_lock);
    if (entry == NULL || !ready) {
        free(entry);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    entry->function = *function;
    entry->stays = stays;
    if (vgpu_handles_mint(s->host_calls.table, entry, token) != 0) {
        free(entry);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

void gs_host_call_change(struct gs_session *s, uint64_t token,
                         const struct gs_host_function *function)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&s->host_calls.lock);
    entry = vgpu_handles_get(s->host_calls.table, token);
    if (entry != NULL) {
        entry->function = *function;
    }
    (void)pthread_mutex_unlock(&s->host_calls.lock);
}

void gs_host_calls_expect(struct gs_session *s, uint64_t count)
{
    if (count > 0 && atomic_fetch_add(&s->host_calls.pending, count) == 0) {
        (void)pthread_mutex_lock(&s->host_calls.lock);
        (void)pthread_cond_signal(&s->host_calls.changed);
        (void)pthread_mutex_unlock(&s->host_calls.lock);
    }
}

/* Not below 0: the end of a session forgets what was pending. */
void gs_host_calls_unexpect(struct gs_session *s, uint64_t count)
{
    uint64_t now = atomic_load(&s->host_calls.pending);

    while (!atomic_compare_exchange_weak(&s->host_calls.pending, &now,
                                         now > count ? now - count : 0)) {
    }
}

void gs_host_call_forget(struct gs_session *s, uint64_t token)
{
    (void)pthread_mutex_lock(&s->host_calls.lock);
    free(vgpu_handles_take(s->host_calls.table, token));
    (void)pthread_mutex_unlock(&s->host_calls.lock);
}

static void drop_entry(void *object, uint64_t handle, void *arg)
{
    struct gs_session *s = arg;
    struct gs_host_function function;
    struct entry *entry = object;

    if (!entry->stays) {
        (void)take(s, handle, &function);
    }
}

void gs_host_calls_drop(struct gs_session *s)
{
    if (!s->host_calls.ready) {
        return;
    }
    (void)atomic_fetch_add(&s->host_calls.life, 1);
    drop_asked(s);
    vgpu_handles_each(s->host_calls.table, drop_entry, s);
    atomic_store(&s->host_calls.pending, 0);
}

bool gs_host_call_asked(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len)
{
    struct vgpu_args_vgpuHostCall args;
    struct gs_host_ask *ask;

    if (op != VGPU_OP_vgpuHostCall || vgpu_get_args_vgpuHostCall(body, len, &args) != 0 ||
        !s->host_calls.ready) {
        return false;
    }
    ask = calloc(1, sizeof(*ask));
    if (ask == NULL) {
        return false;
    }
    ask->token = args.token;
    ask->call = args.call;
    ask->next = atomic_load(&s->host_calls.asked);
    while (!atomic_compare_exchange_weak(&s->host_calls.asked, &ask->next, ask)) {
    }
    return true;
}
