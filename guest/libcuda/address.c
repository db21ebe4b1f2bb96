/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/address.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/address.h"

#define PAGE 4096u

/* Present in programs under ThreadSanitizer, which kills a process that maps elsewhere. */
extern void __tsan_init(void) __attribute__((weak));

static int chosen = -1;

/* The system call itself: sanitizers' own mmap would account 16 TiB that nobody uses. */
static void *map_nothing(uint64_t base, uint64_t bytes, int fixed)
{
    long at = syscall(SYS_mmap, base, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);

    return at == -1 ? MAP_FAILED : (void *)(uintptr_t)at;
}

static bool reserve(uint64_t base, uint64_t bytes)
{
    void *at = map_nothing(base, bytes, MAP_FIXED_NOREPLACE);

    if (at == MAP_FAILED) {
        return false;
    }
    if ((uint64_t)(uintptr_t)at != base) { /* a kernel before 4.17 takes it for a hint */
        (void)munmap(at, bytes);
        return false;
    }
    (void)madvise(at, bytes, MADV_DONTDUMP);
    return true;
}

static bool reserve_candidate(const struct vgpu_address_candidate *c)
{
    uint64_t windows = c->window_stride * c->ordinals;

    if (!reserve(c->window_base, windows)) {
        return false;
    }
    if (!reserve(c->arena_base, c->arena_stride * c->ordinals)) {
        (void)syscall(SYS_munmap, c->window_base, windows);
        return false;
    }
    return true;
}

__attribute__((constructor)) static void reserve_at_load(void)
{
    for (unsigned int i = 0; i < VGPU_ADDRESS_CANDIDATES && chosen < 0; i++) {
        const struct vgpu_address_candidate *c = &vgpu_address_candidates[i];

        if ((__tsan_init == NULL || c->tsan) && reserve_candidate(c)) {
            chosen = (int)i;
        }
    }
}

int gs_address_candidate(void)
{
    return chosen;
}

uint64_t gs_address_window(uint32_t ordinal)
{
    const struct vgpu_address_candidate *c;

    if (chosen < 0) {
        return 0;
    }
    c = &vgpu_address_candidates[chosen];
    return ordinal < c->ordinals ? c->window_base + ordinal * c->window_stride : 0;
}

bool gs_address_zone(uint64_t *base, uint64_t *bytes, uint64_t *strip)
{
    if (chosen < 0) {
        return false;
    }
    *base = vgpu_address_candidates[chosen].zone_base;
    *bytes = vgpu_address_candidates[chosen].zone_bytes;
    *strip = vgpu_address_candidates[chosen].zone_strip;
    return true;
}

bool gs_address_is_device(uint64_t address)
{
    const struct vgpu_address_candidate *c;

    if (chosen < 0) {
        return false;
    }
    c = &vgpu_address_candidates[chosen];
    return address >= c->arena_base &&
           address - c->arena_base < (uint64_t)c->ordinals * c->arena_stride;
}

void gs_address_retire_window(uint32_t ordinal, uint64_t bytes)
{
    uint64_t base = gs_address_window(ordinal);

    if (base != 0) {
        (void)map_nothing(base, bytes, MAP_FIXED);
    }
}

static void pages(uint64_t *address, uint64_t *bytes)
{
    uint64_t end = (*address + *bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);

    *address &= ~(uint64_t)(PAGE - 1);
    *bytes = end - *address;
}

bool gs_address_reserve(uint64_t address, uint64_t bytes)
{
    if (bytes == 0 || address == 0 || address + bytes < address) {
        return false;
    }
    pages(&address, &bytes);
    return reserve(address, bytes);
}

void gs_address_release(uint64_t address, uint64_t bytes)
{
    pages(&address, &bytes);
    (void)syscall(SYS_munmap, address, bytes);
}
