/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/registration.h"

#include <stdbool.h>
#include <stdlib.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/page_swap.h"

/* Pages that hold nothing but registered memory, and the first and last where they do not. */
struct part {
    uint64_t first;
    uint64_t bytes;
    bool shared;
};

static unsigned int cut(const struct gs_registration *r, struct part parts[3])
{
    uint64_t end = r->first + r->bytes;
    uint64_t from = r->first;
    uint64_t to = end;
    unsigned int count = 0;

    if (r->base > r->first) {
        parts[count++] = (struct part){r->first, GS_PAGE_BYTES, true};
        from += GS_PAGE_BYTES;
    }
    if (r->base + r->size < end && from < end) {
        to -= GS_PAGE_BYTES;
        parts[count++] = (struct part){to, GS_PAGE_BYTES, true};
    }
    if (from < to) {
        parts[count++] = (struct part){from, to - from, false};
    }
    return count;
}

/* True when all of them are private memory again. */
static bool swap_out(struct gs_session *s, const struct part *parts, unsigned int count)
{
    bool all = true;

    for (unsigned int i = 0; i < count; i++) {
        all &= gs_page_swap_out(&s->link.channel, parts[i].first, parts[i].bytes, parts[i].shared);
    }
    return all;
}

static CUresult swap_in(struct gs_session *s, const struct gs_registration *r)
{
    struct part parts[3];
    unsigned int count = cut(r, parts);

    for (unsigned int i = 0; i < count; i++) {
        CUresult cu = gs_page_swap_in(&s->link.channel, parts[i].first, parts[i].bytes,
                                      r->offset + (parts[i].first - r->first));

        if (cu != CUDA_SUCCESS) {
            (void)swap_out(s, parts, i);
            return cu;
        }
    }
    return CUDA_SUCCESS;
}

uint64_t gs_registration_alias(const struct gs_session *s, const struct gs_alloc *alloc,
                               uint64_t address)
{
    const struct gs_registration *r = alloc->registration;

    return (uint64_t)(uintptr_t)s->window + r->offset + (address - r->first);
}

/* Enters it twice; nothing else may overlap it. */
static CUresult enter(struct gs_session *s, const struct gs_alloc *alloc)
{
    struct gs_alloc alias = *alloc;
    struct gs_alloc out;

    alias.kind = GS_ALLOC_ALIAS;
    alias.base = gs_registration_alias(s, alloc, alloc->base);
    if (gs_alloc_map_add(&s->allocs, alloc) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (gs_alloc_map_add(&s->allocs, &alias) != 0) {
        (void)gs_alloc_map_take(&s->allocs, alloc->base, GS_ALLOC_REGISTERED, &out);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static CUresult pin(struct gs_session *s, struct gs_registration *r)
{
    CUresult cu = gs_hostmem_pin(s, r->bytes, &r->offset);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = swap_in(s, r);
    if (cu != CUDA_SUCCESS) {
        (void)gs_hostmem_unpin(s, r->offset);
        gs_hostmem_return(s, r->offset, r->bytes);
    }
    return cu;
}

/* Ends what pin() did.  Pages that must stay the channel's keep their place in it for ever. */
static void unpin(struct gs_session *s, const struct gs_registration *r)
{
    struct part parts[3];
    unsigned int count = cut(r, parts);

    if (swap_out(s, parts, count)) {
        gs_hostmem_return(s, r->offset, r->bytes);
    }
}

static CUresult check_overlap(uint64_t base, uint64_t size)
{
    struct gs_alloc hit;

    if (!gs_memory_overlaps(base, size, &hit)) {
        return CUDA_SUCCESS;
    }
    return hit.kind == GS_ALLOC_REGISTERED ? CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED
                                           : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_register(const struct gs_call *call, uint64_t base, uint64_t size, unsigned int flags)
{
    struct gs_registration *r = calloc(1, sizeof(*r));
    struct gs_alloc alloc = {.base = base,
                             .size = size,
                             .kind = GS_ALLOC_REGISTERED,
                             .host_flags = flags,
                             .context = call->context,
                             .registration = r};
    CUresult cu = r != NULL ? check_overlap(base, size) : CUDA_ERROR_OUT_OF_MEMORY;

    if (cu == CUDA_SUCCESS) {
        r->base = base;
        r->size = size;
        r->first = base & ~(GS_PAGE_BYTES - 1);
        r->bytes = ((base + size + GS_PAGE_BYTES - 1) & ~(GS_PAGE_BYTES - 1)) - r->first;
        cu = gs_page_swap_is_possible(r->first, r->bytes) ? pin(call->session, r)
                                                          : CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        cu = enter(call->session, &alloc);
        if (cu != CUDA_SUCCESS) {
            (void)gs_hostmem_unpin(call->session, r->offset);
            unpin(call->session, r);
        }
    }
    if (cu != CUDA_SUCCESS) {
        free(r);
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
    unpin(s, r);
    free(r);
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

    while (gs_alloc_map_take_if(&s->allocs, is_registered, NULL, &alloc)) {
        (void)gs_alloc_map_take(&s->allocs, gs_registration_alias(s, &alloc, alloc.base),
                                GS_ALLOC_ALIAS, &alias);
        unpin(s, alloc.registration);
        free(alloc.registration);
    }
}
