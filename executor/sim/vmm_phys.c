/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/vmm_phys.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "executor/sim/memory.h"

static struct vmm_phys *all;

struct vmm_phys *phys_new(struct sim_device *dev, size_t size)
{
    static uint64_t last;
    size_t n = size / SIM_PAGE;
    struct vmm_phys *phys;
    size_t got = 0;

    if (!memory_charge(dev, size)) {
        return NULL;
    }
    phys = calloc(1, sizeof(*phys) + n * sizeof(phys->page[0]));
    if (phys == NULL) {
        memory_uncharge(dev, size);
        return NULL;
    }
    for (size_t i = 0; i < dev->page_count && got < n; i++) {
        if (!dev->page_used[i]) {
            dev->page_used[i] = 1;
            phys->page[got++] = (uint32_t)i;
        }
    }
    phys->dev = dev;
    phys->size = size;
    phys->refs = 1;
    phys->handle = (UINT64_C(0x5100) << 32) + ++last * 16;
    phys->next = all;
    all = phys;
    return phys;
}

struct vmm_phys *phys_find(uint64_t handle)
{
    for (struct vmm_phys *p = all; p != NULL; p = p->next) {
        if (p->handle == handle && !p->released) {
            return p;
        }
    }
    return NULL;
}

/* Give a page's memory back to the system, so that the next owner finds zeroes. */
static void page_empty(const struct sim_device *dev, uint32_t page)
{
    void *p = mmap(NULL, SIM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev->memfd,
                   (off_t)page * (off_t)SIM_PAGE);

    if (p != MAP_FAILED) {
        (void)madvise(p, SIM_PAGE, MADV_REMOVE);
        (void)munmap(p, SIM_PAGE);
    }
}

void phys_unref(struct vmm_phys *phys)
{
    if (--phys->refs != 0) {
        return;
    }
    for (size_t i = 0; i < phys->size / SIM_PAGE; i++) {
        page_empty(phys->dev, phys->page[i]);
        phys->dev->page_used[phys->page[i]] = 0;
    }
    memory_uncharge(phys->dev, phys->size);
    for (struct vmm_phys **p = &all; *p != NULL; p = &(*p)->next) {
        if (*p == phys) {
            *p = phys->next;
            break;
        }
    }
    free(phys);
}

int phys_map(const struct vmm_phys *phys, uintptr_t base)
{
    size_t n = phys->size / SIM_PAGE;

    for (size_t i = 0; i < n;) {
        size_t run = 1;

        while (i + run < n && phys->page[i + run] == phys->page[i] + run) {
            run++;
        }
        if (mmap((void *)(base + i * SIM_PAGE), run * SIM_PAGE, PROT_NONE, MAP_SHARED | MAP_FIXED,
                 phys->dev->memfd, (off_t)phys->page[i] * (off_t)SIM_PAGE) == MAP_FAILED) {
            return -errno;
        }
        i += run;
    }
    return 0;
}
