/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Host pages are mapped whole. */
#define HOST_PAGE 4096

static struct {
    struct range *row; /* sorted by base */
    size_t count;
    size_t room;
} table;

/* The first row whose base is above addr. */
static size_t above(uintptr_t addr)
{
    size_t lo = 0;
    size_t hi = table.count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (table.row[mid].base <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static int grow(void)
{
    size_t room = table.room == 0 ? 64 : table.room * 2;
    struct range *row = realloc(table.row, room * sizeof(*row));

    if (row == NULL) {
        return -ENOMEM;
    }
    table.row = row;
    table.room = room;
    return 0;
}

int memory_add(struct range r)
{
    size_t grain =
        r.kind == RANGE_HOST || r.kind == RANGE_REGISTER ? HOST_PAGE : (size_t)RANGE_GRAIN;
    size_t at;
    int rc = 0;

    if (memory_overlaps(r.base, r.size, NULL)) {
        return -EEXIST;
    }
    r.id = ++sim.next_id;
    r.limit = sim_round_up(r.base + r.size, grain);
    pthread_rwlock_wrlock(&sim.map_lock);
    if (table.count == table.room) {
        rc = grow();
    }
    if (rc == 0) {
        at = above(r.base);
        memmove(&table.row[at + 1], &table.row[at], (table.count - at) * sizeof(r));
        table.row[at] = r;
        table.count++;
    }
    pthread_rwlock_unlock(&sim.map_lock);
    return rc;
}

void memory_remove(uintptr_t base)
{
    size_t at = above(base);

    if (at == 0 || table.row[at - 1].base != base) {
        return;
    }
    pthread_rwlock_wrlock(&sim.map_lock);
    memmove(&table.row[at - 1], &table.row[at], (table.count - at) * sizeof(table.row[0]));
    table.count--;
    pthread_rwlock_unlock(&sim.map_lock);
}

void memory_set_access(uintptr_t base, unsigned access)
{
    size_t at = above(base);

    if (at != 0 && table.row[at - 1].base == base) {
        pthread_rwlock_wrlock(&sim.map_lock);
        table.row[at - 1].access = access;
        pthread_rwlock_unlock(&sim.map_lock);
    }
}

const struct range *memory_find(uintptr_t addr)
{
    size_t at = above(addr);

    if (at == 0 || addr - table.row[at - 1].base >= table.row[at - 1].size) {
        return NULL;
    }
    return &table.row[at - 1];
}

const struct range *memory_find_kernel(uintptr_t addr)
{
    size_t at = above(addr);

    if (at == 0 || addr >= table.row[at - 1].limit) {
        return NULL;
    }
    return &table.row[at - 1];
}

bool memory_overlaps(uintptr_t base, size_t size, const struct range **hit)
{
    size_t at = above(base);
    const struct range *r = NULL;

    if (at != 0 && base - table.row[at - 1].base < table.row[at - 1].size) {
        r = &table.row[at - 1];
    } else if (at < table.count && table.row[at].base - base < size) {
        r = &table.row[at];
    }
    if (r != NULL && hit != NULL) {
        *hit = r;
    }
    return r != NULL;
}

bool memory_covers(uintptr_t addr, size_t n, bool write)
{
    unsigned need = write ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;

    while (n != 0) {
        const struct range *r = memory_find(addr);
        size_t here;

        if (r == NULL || (r->access & need) != need) {
            return false;
        }
        here = r->size - (addr - r->base);
        if (here >= n) {
            return true;
        }
        addr += here; /* VMM mappings side by side are one to a copy */
        n -= here;
        if (r->kind != RANGE_VMM) {
            return false;
        }
    }
    return true;
}

const struct range *memory_first_of(CUcontext ctx)
{
    for (size_t i = 0; i < table.count; i++) {
        if (table.row[i].ctx == ctx && table.row[i].kind != RANGE_GLOBAL) {
            return &table.row[i];
        }
    }
    return NULL;
}

void memory_free_all(CUcontext ctx)
{
    const struct range *r;

    while ((r = memory_first_of(ctx)) != NULL) {
        if (r->kind == RANGE_REGISTER) {
            memory_remove(r->base);
        } else {
            memory_release(r->base);
        }
    }
}
