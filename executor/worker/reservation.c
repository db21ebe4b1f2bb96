/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/reservation.h"

#include <errno.h>
#include <sys/mman.h>

#include "common/log.h"
#include "proto/address.h"

static bool reserved[VGPU_ADDRESS_CANDIDATES];
/* Bit i of a candidate: the driver holds the arena of ordinal i. */
static uint32_t arenas[VGPU_ADDRESS_CANDIDATES];
static uint64_t zones[VGPU_ADDRESS_CANDIDATES]; /* how many bytes the driver holds */

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static bool reserve(uint64_t address, uint64_t bytes)
{
    void *got = mmap(at(address), bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (got == MAP_FAILED) {
        return false;
    }
    /* A kernel that does not know the flag takes the address for a hint. */
    if (got != at(address)) {
        (void)munmap(got, bytes);
        return false;
    }
    return true;
}

static void release(uint64_t address, uint64_t bytes)
{
    if (bytes > 0 && munmap(at(address), bytes) < 0) {
        vgpu_log(VGPU_LOG_WARNING, "reservation not released error=%d", errno);
    }
}

static uint64_t windows_bytes(const struct vgpu_address_candidate *c)
{
    return c->window_stride * c->ordinals;
}

/* ThreadSanitizer ends a program that maps outside its range. */
static bool is_possible(const struct vgpu_address_candidate *c)
{
#ifdef VGPU_TSAN
    return c->tsan;
#else
    (void)c;
    return true;
#endif
}

unsigned int ex_reservation_make(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < VGPU_ADDRESS_CANDIDATES; i++) {
        const struct vgpu_address_candidate *c = &vgpu_address_candidates[i];

        if (!is_possible(c)) {
            continue;
        }
        if (!reserve(c->window_base, windows_bytes(c))) {
            vgpu_log(VGPU_LOG_NOTICE, "address candidate is taken candidate=%u", i);
            continue;
        }
        reserved[i] = true;
        count++;
    }
    return count;
}

/* Exactly where the guest keeps it free, or not at all. */
static bool reserve_there(const struct ex_driver *driver, uint64_t base, uint64_t bytes)
{
    CUdeviceptr got = 0;

    if (driver->cuMemAddressReserve(&got, bytes, 0, base, 0) != CUDA_SUCCESS) {
        return false;
    }
    if (got != base) {
        (void)driver->cuMemAddressFree(got, bytes);
        return false;
    }
    return true;
}

static uint64_t reserve_zone(const struct ex_driver *driver, const struct vgpu_address_candidate *c)
{
    uint64_t held = 0;

    while (held < c->zone_bytes && reserve_there(driver, c->zone_base + held, c->zone_strip)) {
        held += c->zone_strip;
    }
    return held;
}

unsigned int ex_reservation_arenas(const struct ex_driver *driver)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < VGPU_ADDRESS_CANDIDATES; i++) {
        const struct vgpu_address_candidate *c = &vgpu_address_candidates[i];

        for (uint32_t ordinal = 0; reserved[i] && ordinal < c->ordinals; ordinal++) {
            if (reserve_there(driver, c->arena_base + ordinal * c->arena_stride, c->arena_stride)) {
                arenas[i] |= 1u << ordinal;
                count++;
            } else {
                vgpu_log(VGPU_LOG_NOTICE, "arena is taken candidate=%u ordinal=%u", i, ordinal);
            }
        }
        zones[i] = reserved[i] ? reserve_zone(driver, c) : 0;
        if (reserved[i] && zones[i] < c->zone_bytes) {
            vgpu_log(VGPU_LOG_NOTICE, "zone is shorter candidate=%u bytes=0x%llx", i,
                     (unsigned long long)zones[i]);
        }
    }
    return count;
}

bool ex_reservation_settle(uint32_t candidate, uint32_t ordinal, struct ex_place *place)
{
    if (candidate >= VGPU_ADDRESS_CANDIDATES || !reserved[candidate] ||
        ordinal >= vgpu_address_candidates[candidate].ordinals ||
        (arenas[candidate] & 1u << ordinal) == 0) {
        return false;
    }
    const struct vgpu_address_candidate *c = &vgpu_address_candidates[candidate];

    for (unsigned int i = 0; i < VGPU_ADDRESS_CANDIDATES; i++) {
        if (i != candidate && reserved[i]) {
            release(vgpu_address_candidates[i].window_base,
                    windows_bytes(&vgpu_address_candidates[i]));
        }
        reserved[i] = false;
    }
    place->window = c->window_base + ordinal * c->window_stride;
    place->window_bytes = c->window_stride;
    place->arena = c->arena_base + ordinal * c->arena_stride;
    place->arena_bytes = c->arena_stride;
    place->zone = c->zone_base;
    place->zone_bytes = zones[candidate];
    place->zone_strip = c->zone_strip;
    release(c->window_base, ordinal * c->window_stride);
    release(place->window + c->window_stride, (c->ordinals - ordinal - 1) * c->window_stride);
    return true;
}
