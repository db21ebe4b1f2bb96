/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/registration.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/page_swap.h"

/* First page, last page and what lies between: see cut(). */
#define PARTS 3u

struct gs_registration {
    struct gs_registration *next;
    struct gs_session *session;
    uint64_t base; /* as registered */
    uint64_t size;
    uint64_t first; /* whole pages around it */
    uint64_t bytes;
    uint64_t offset; /* of the first page in the window; 0: none yet */
    unsigned int in; /* parts that are pages of the window, a bit each */
    bool parked;
};

/* Guards the list and every exchange of pages; not held by who asks the worker. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gs_registration *all;
static sigset_t signals; /* of who has the lock */

/* A handler that writes to pages which are being exchanged would wait for itself, and one that
 * forks for the lock. */
static void enter(void)
{
    sigset_t every;
    sigset_t before;

    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    (void)pthread_mutex_lock(&lock);
    signals = before;
}

static void leave(void)
{
    sigset_t before = signals;

    (void)pthread_mutex_unlock(&lock);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- pages ---- */

struct part {
    uint64_t first;
    uint64_t bytes;
    bool shared; /* other data may lie there too */
};

static void cut(const struct gs_registration *r, struct part parts[PARTS])
{
    uint64_t end = r->first + r->bytes;
    uint64_t head = r->base > r->first ? GS_PAGE_BYTES : 0;
    uint64_t tail = r->base + r->size < end && r->bytes > head ? GS_PAGE_BYTES : 0;

    parts[0] = (struct part){r->first, head, true};
    parts[1] = (struct part){end - tail, tail, true};
    parts[2] = (struct part){r->first + head, r->bytes - head - tail, false};
}

/* True when all of them are the program's own again. */
static bool swap_out(struct gs_registration *r)
{
    struct part parts[PARTS];

    cut(r, parts);
    for (unsigned int i = 0; i < PARTS; i++) {
        if ((r->in & 1u << i) != 0 && gs_page_swap_out(&r->session->link.channel, parts[i].first,
                                                       parts[i].bytes, parts[i].shared)) {
            r->in &= ~(1u << i);
        }
    }
    return r->in == 0;
}

static CUresult swap_in(struct gs_registration *r)
{
    struct part parts[PARTS];
    CUresult cu = CUDA_SUCCESS;

    cut(r, parts);
    for (unsigned int i = 0; i < PARTS && cu == CUDA_SUCCESS; i++) {
        if (parts[i].bytes == 0 || (r->in & 1u << i) != 0) {
            continue;
        }
        cu = gs_page_swap_in(&r->session->link.channel, parts[i].first, parts[i].bytes,
                             r->offset + (parts[i].first - r->first));
        r->in |= cu == CUDA_SUCCESS ? 1u << i : 0;
    }
    return cu;
}

/* ---- the list ---- */

static void unlink_it(const struct gs_registration *r)
{
    struct gs_registration **link = &all;

    while (*link != r) {
        link = &(*link)->next;
    }
    *link = r->next;
}

/* Ends it, or parks it. */
static void finish(struct gs_registration *r)
{
    r->parked = !swap_out(r);
    if (r->parked) {
        return;
    }
    unlink_it(r);
    if (r->offset != 0) {
        gs_hostmem_return(r->session, r->offset, r->bytes);
    }
    free(r);
}

/* Tries again to end what is parked. */
static void finish_parked(const struct gs_session *s)
{
    struct gs_registration *next;

    for (struct gs_registration *r = all; r != NULL; r = next) {
        next = r->next;
        if (r->parked && r->session == s) {
            finish(r);
        }
    }
}

static bool meets(const struct gs_registration *r, uint64_t first, uint64_t bytes)
{
    return r->first < first + bytes && first < r->first + r->bytes;
}

/* Whether pages are taken: 712 where bytes are registered already, 801 where only a page is. */
static CUresult check_taken(const struct gs_registration *wanted)
{
    CUresult cu = CUDA_SUCCESS;

    for (const struct gs_registration *r = all; r != NULL; r = r->next) {
        if (!meets(r, wanted->first, wanted->bytes)) {
            continue;
        }
        if (!r->parked && r->base < wanted->base + wanted->size &&
            wanted->base < r->base + r->size) {
            return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
        }
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    return cu;
}

static CUresult check_allocated(uint64_t base, uint64_t size)
{
    struct gs_alloc hit;

    if (!gs_memory_overlaps(base, size, &hit)) {
        return CUDA_SUCCESS;
    }
    return gs_alloc_is_host(&hit) ? CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED
                                  : CUDA_ERROR_INVALID_VALUE;
}

/* The same memory as it was parked: it may only stay as it is, so it serves again. */
static struct gs_registration *find_parked(const struct gs_registration *wanted)
{
    struct gs_registration *r = all;

    while (r != NULL && !(r->parked && r->session == wanted->session && r->base == wanted->base &&
                          r->size == wanted->size)) {
        r = r->next;
    }
    return r;
}

static CUresult claim(const struct gs_registration *wanted, struct gs_registration **claimed)
{
    struct gs_registration *r;
    CUresult cu;

    finish_parked(wanted->session);
    r = find_parked(wanted);
    if (r != NULL) {
        r->parked = false;
        *claimed = r;
        return CUDA_SUCCESS;
    }
    cu = check_taken(wanted);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    r = malloc(sizeof(*r));
    if (r == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *r = *wanted;
    r->next = all;
    all = r;
    *claimed = r;
    return CUDA_SUCCESS;
}

/* ---- registering ---- */

uint64_t gs_registration_alias(const struct gs_session *s, const struct gs_alloc *alloc,
                               uint64_t address)
{
    const struct gs_registration *r = alloc->registration;

    return (uint64_t)(uintptr_t)s->window + r->offset + (address - r->first);
}

uint64_t gs_registration_origin(const struct gs_alloc *alias, uint64_t address)
{
    return alias->registration->base + (address - alias->base);
}

/* Puts it into the map twice; nothing else may overlap it. */
static CUresult enter_maps(const struct gs_call *call, struct gs_registration *r,
                           unsigned int flags)
{
    struct gs_alloc_map *map = &call->session->allocs;
    struct gs_alloc alloc = {.base = r->base,
                             .size = r->size,
                             .kind = GS_ALLOC_REGISTERED,
                             .host_flags = flags,
                             .context = call->context,
                             .registration = r};
    struct gs_alloc alias = alloc;
    struct gs_alloc out;

    alias.kind = GS_ALLOC_ALIAS;
    alias.base = gs_registration_alias(call->session, &alloc, r->base);
    if (gs_alloc_map_add(map, &alias) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (gs_alloc_map_add(map, &alloc) != 0) {
        (void)gs_alloc_map_take(map, alias.base, GS_ALLOC_ALIAS, &out);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static CUresult exchange(const struct gs_call *call, struct gs_registration *r, unsigned int flags)
{
    CUresult cu;

    enter();
    cu = swap_in(r);
    leave();
    return cu == CUDA_SUCCESS ? enter_maps(call, r, flags) : cu;
}

static CUresult make(const struct gs_call *call, struct gs_registration *r, unsigned int flags)
{
    struct gs_session *s = call->session;
    CUresult cu = r->offset == 0 ? gs_hostmem_take(s, r->bytes, &r->offset) : CUDA_SUCCESS;

    if (cu == CUDA_SUCCESS) {
        cu = gs_hostmem_pin(s, r->offset, r->bytes);
    }
    if (cu == CUDA_SUCCESS) {
        cu = exchange(call, r, flags);
        if (cu != CUDA_SUCCESS) {
            (void)gs_hostmem_unpin(s, r->offset);
        }
    }
    return cu;
}

CUresult gs_register(const struct gs_call *call, uint64_t base, uint64_t size, unsigned int flags)
{
    const uint64_t mask = GS_PAGE_BYTES - 1;
    struct gs_registration wanted = {.session = call->session, .base = base, .size = size};
    struct gs_registration *r = NULL;
    CUresult cu = check_allocated(base, size);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    wanted.first = base & ~mask;
    wanted.bytes = ((base + size + mask) & ~mask) - wanted.first;
    enter();
    cu = claim(&wanted, &r);
    leave();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = make(call, r, flags);
    if (cu != CUDA_SUCCESS) {
        enter();
        finish(r);
        leave();
    }
    return cu;
}

CUresult gs_unregister(struct gs_session *s, const struct gs_alloc *alloc)
{
    struct gs_registration *r = alloc->registration;
    struct gs_alloc alias;
    CUresult cu;

    (void)gs_alloc_map_take(&s->allocs, gs_registration_alias(s, alloc, alloc->base),
                            GS_ALLOC_ALIAS, &alias);
    cu = gs_hostmem_unpin(s, r->offset);
    enter();
    finish(r);
    leave();
    return cu;
}

static bool is_registered(const struct gs_alloc *alloc, void *arg)
{
    (void)arg;
    return alloc->kind == GS_ALLOC_REGISTERED;
}

void gs_registrations_drop(struct gs_session *s)
{
    struct gs_alloc alloc;
    struct gs_alloc alias;

    enter();
    while (gs_alloc_map_take_if(&s->allocs, is_registered, NULL, &alloc)) {
        (void)gs_alloc_map_take(&s->allocs, gs_registration_alias(s, &alloc, alloc.base),
                                GS_ALLOC_ALIAS, &alias);
        finish(alloc.registration);
    }
    leave();
}

int gs_registrations_keep(struct gs_session *s)
{
    int rc = 0;

    enter();
    for (const struct gs_registration *r = all; r != NULL && rc == 0; r = r->next) {
        if (r->session == s) {
            rc = gs_hostmem_keep(&s->host, r->offset, r->bytes);
        }
    }
    leave();
    return rc;
}

/* ---- forks ---- */

void gs_registrations_before_fork(void)
{
    enter();
}

void gs_registrations_after_fork(void)
{
    leave();
}

void gs_registrations_in_child(void)
{
    struct part parts[PARTS];

    for (const struct gs_registration *r = all; r != NULL; r = r->next) {
        cut(r, parts);
        for (unsigned int i = 0; i < PARTS; i++) {
            if ((r->in & 1u << i) != 0) {
                gs_page_swap_in_child(&r->session->link.channel, parts[i].first, parts[i].bytes,
                                      r->offset + (parts[i].first - r->first));
            }
        }
    }
    all = NULL;
    (void)pthread_mutex_init(&lock, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &signals, NULL);
}
