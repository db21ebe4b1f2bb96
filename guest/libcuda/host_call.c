/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/host_call.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/thread.h"
#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/thread.h"

struct entry {
    struct gs_host_function function;
    uint64_t expected; /* calls under way */
    bool stays;        /* also without any */
};

__thread bool gs_host_call_is_inside __attribute__((tls_model("initial-exec")));
/* Guards `ready` of all sessions. */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;

static bool has_work(void *arg)
{
    struct gs_session *s = arg;

    return atomic_load_explicit(&s->host_calls.asked, memory_order_acquire) != NULL;
}

static void call(const struct gs_host_function *function, CUresult status)
{
    gs_host_call_is_inside = true;
    if (function->fn != NULL) {
        function->fn(function->data);
    } else if (function->callback != NULL) {
        function->callback(function->stream, status, function->data);
    }
    gs_host_call_is_inside = false;
    gs_link_host_function_ran();
}

void gs_host_call_plain(CUhostFn fn, void *data)
{
    struct gs_host_function function = {.fn = fn, .data = data};

    call(&function, CUDA_SUCCESS);
}

/* Under the lock: one call less, or a token less; the last one frees it. */
static void let_go(struct gs_session *s, uint64_t token, struct entry *entry)
{
    if (entry->expected == 0 && !entry->stays) {
        (void)vgpu_handles_take(s->host_calls.table, token);
        free(entry);
    }
}

/* A copy of what a token stands for, whose call has come.  False: there is none. */
static bool take(struct gs_session *s, uint64_t token, struct gs_host_function *function)
{
    struct entry *entry;
    bool found = false;

    (void)pthread_mutex_lock(&s->host_calls.lock);
    entry = vgpu_handles_get(s->host_calls.table, token);
    if (entry != NULL && entry->expected > 0) {
        *function = entry->function;
        entry->expected--;
        let_go(s, token, entry);
        found = true;
    }
    (void)pthread_mutex_unlock(&s->host_calls.lock);
    return found;
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

/* Not below 0: the end of a session forgets what was pending. */
static void one_less(struct gs_session *s)
{
    uint64_t now = atomic_load(&s->host_calls.pending);

    while (now > 0 && !atomic_compare_exchange_weak(&s->host_calls.pending, &now, now - 1)) {
    }
}

/* Tells the worker that asked, and no later one: it is not ended in between. */
static void tell_done(struct gs_session *s, const struct gs_host_ask *ask)
{
    struct vgpu_args_vgpuHostDone args = {.call = ask->call};
    struct gs_host_calls *h = &s->host_calls;

    (void)pthread_mutex_lock(&h->worker_lock);
    if (atomic_load(&h->worker) == ask->worker) {
        /* First, for a worker that is held in its driver until this is known reads no record. */
        if (gs_link_is_there(&s->link)) {
            atomic_store(vgpu_channel_returned(s->link.control, ask->call), ask->call);
        }
        (void)gs_send_vgpuHostDone(s, &args);
        one_less(s);
    }
    (void)pthread_mutex_unlock(&h->worker_lock);
}

static void serve(struct gs_session *s)
{
    struct gs_host_ask *ask = take_asked(s);

    while (ask != NULL) {
        struct gs_host_ask *next = ask->next;
        struct gs_host_function function;

        if (take(s, ask->token, &function)) {
            if (function.callback != NULL) {
                (void)gs_console_flush(s);
            }
            call(&function, CUDA_SUCCESS);
        }
        tell_done(s, ask);
        free(ask);
        ask = next;
    }
}

struct orphans {
    struct gs_session *s;
    bool call;
    CUresult status;
};

/* What of a function is called when the call itself does not come any more: native calls what
 * cuStreamAddCallback left behind with the error, host functions it drops. */
static struct gs_host_function remains(const struct orphans *orphans, const struct entry *entry)
{
    struct gs_host_function function = {.fn = NULL};

    if (entry->expected > 0 && (orphans->call || entry->function.ours)) {
        function = entry->function;
        function.fn = function.ours ? function.fn : NULL;
    }
    return function;
}

/* No call of the ended worker comes any more.  The other thread may have ended the entry meanwhile.
 */
static void end_entry(void *object, uint64_t handle, void *arg)
{
    struct orphans *orphans = arg;
    struct gs_host_function function = {.fn = NULL};
    struct entry *entry;

    (void)object;
    (void)pthread_mutex_lock(&orphans->s->host_calls.lock);
    entry = vgpu_handles_get(orphans->s->host_calls.table, handle);
    if (entry != NULL) {
        function = remains(orphans, entry);
        entry->expected = 0;
        let_go(orphans->s, handle, entry);
    }
    (void)pthread_mutex_unlock(&orphans->s->host_calls.lock);
    call(&function, orphans->status);
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
    struct orphans orphans = {s, true, status};

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
        cu = gs_link_wait(&s->link, has_work, s, GS_SLEEP);
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

    if (h->table == NULL) {
        h->table = vgpu_handles_new(VGPU_HANDLE_HOST_CALL, VGPU_HOST_CALLS_MAX);
        (void)pthread_mutex_init(&h->lock, NULL);
        (void)pthread_mutex_init(&h->worker_lock, NULL);
        (void)pthread_cond_init(&h->changed, NULL);
    }
    if (h->table == NULL) {
        return false;
    }
    h->ready = vgpu_thread_start(thread_main, s) == 0;
    return h->ready;
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

void gs_host_call_expect(struct gs_session *s, uint64_t token)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&s->host_calls.lock);
    entry = vgpu_handles_get(s->host_calls.table, token);
    if (entry != NULL) {
        entry->expected++;
    }
    if (atomic_fetch_add(&s->host_calls.pending, 1) == 0) {
        (void)pthread_cond_signal(&s->host_calls.changed);
    }
    (void)pthread_mutex_unlock(&s->host_calls.lock);
}

void gs_host_call_unexpect(struct gs_session *s, uint64_t token)
{
    struct gs_host_function function;

    if (take(s, token, &function)) {
        one_less(s);
    }
}

void gs_host_call_forget(struct gs_session *s, uint64_t token)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&s->host_calls.lock);
    entry = vgpu_handles_get(s->host_calls.table, token);
    if (entry != NULL) {
        entry->stays = false;
        let_go(s, token, entry);
    }
    (void)pthread_mutex_unlock(&s->host_calls.lock);
}

void gs_host_calls_open(struct gs_session *s)
{
    atomic_store(&s->host_calls.worker, ++s->host_calls.workers);
}

void gs_host_calls_close(struct gs_session *s)
{
    struct gs_host_calls *h = &s->host_calls;

    if (h->ready) {
        (void)pthread_mutex_lock(&h->worker_lock);
        atomic_store(&h->worker, 0);
        (void)pthread_mutex_unlock(&h->worker_lock);
    }
}

void gs_host_calls_drop(struct gs_session *s)
{
    struct orphans orphans = {s, false, CUDA_SUCCESS};

    if (!s->host_calls.ready) {
        return;
    }
    drop_asked(s);
    vgpu_handles_each(s->host_calls.table, end_entry, &orphans);
    atomic_store(&s->host_calls.pending, 0);
}

bool gs_host_call_asked(struct gs_session *s, uint32_t op, const uint8_t *body, size_t len)
{
    uint64_t worker = atomic_load(&s->host_calls.worker);
    struct vgpu_args_vgpuHostCall args;
    struct gs_host_ask *ask;

    if (op != VGPU_OP_vgpuHostCall || vgpu_get_args_vgpuHostCall(body, len, &args) != 0 ||
        !s->host_calls.ready) {
        return false;
    }
    if (worker == 0) {
        return true; /* it was still on its way when its worker was ended */
    }
    ask = calloc(1, sizeof(*ask));
    if (ask == NULL) {
        return false;
    }
    ask->worker = worker;
    ask->token = args.token;
    ask->call = args.call;
    ask->next = atomic_load(&s->host_calls.asked);
    while (!atomic_compare_exchange_weak(&s->host_calls.asked, &ask->next, ask)) {
    }
    return true;
}
