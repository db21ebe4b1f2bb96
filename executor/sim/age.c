/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/age.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "executor/sim/sim.h"

/*
 * An older driver lacks exports: when the library is loaded with an older
 * VGPU_SIM_VERSION, those that came later are struck from its table of dynamic
 * symbols, so that dlsym() does not find them.
 */

struct symbols {
    uintptr_t base;
    ElfW(Sym) * row;
    size_t count;
};

/* How many symbols the hash table covers: the last of the longest chain, and one. */
static size_t symbol_count(const uint32_t *hash)
{
    uint32_t buckets = hash[0];
    uint32_t first = hash[1];
    const uint32_t *bucket = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t last = 0;

    for (uint32_t k = 0; k < buckets; k++) {
        last = bucket[k] > last ? bucket[k] : last;
    }
    if (last < first) {
        return 0;
    }
    while ((chain[last - first] & 1) == 0) {
        last++;
    }
    return (size_t)last + 1;
}

/* This library's own table; false when the loader shows none. */
static bool symbols_find(struct symbols *s)
{
    struct link_map *map = NULL;
    const uint32_t *hash = NULL;
    Dl_info info;

    memset(s, 0, sizeof(*s));
    if (dladdr1(&sim, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL) {
        return false;
    }
    s->base = map->l_addr;
    for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB) {
            s->row = (ElfW(Sym) *)d->d_un.d_ptr;
        } else if (d->d_tag == DT_GNU_HASH) {
            hash = (const uint32_t *)d->d_un.d_ptr;
        }
    }
    if (s->row == NULL || hash == NULL) {
        return false;
    }
    s->count = symbol_count(hash);
    return s->count != 0;
}

static void strike(const struct symbols *s, int version)
{
    size_t struck = 0;

    for (size_t k = 0; k < s->count; k++) {
        ElfW(Sym) *row = &s->row[k];

        if (row->st_shndx != SHN_UNDEF && row->st_value != 0 &&
            sim_since(s->base + row->st_value) > version) {
            row->st_value = 0;
            row->st_shndx = SHN_UNDEF;
            struck++;
        }
    }
    sim_log("version %d: %zu exports are not there yet", version, struck);
}

static __attribute__((constructor)) void age_exports(void)
{
    const char *text = getenv("VGPU_SIM_VERSION");
    int version = text == NULL ? 0 : (int)strtol(text, NULL, 0);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct symbols s;
    uintptr_t begin;
    size_t size;

    if (version <= 0 || version >= SIM_VERSION || !symbols_find(&s)) {
        return;
    }
    begin = (uintptr_t)s.row / page * page;
    size = sim_round_up((uintptr_t)(s.row + s.count) - begin, page);
    if (mprotect((void *)begin, size, PROT_READ | PROT_WRITE) != 0) {
        sim_log("VGPU_SIM_VERSION: the exports of later versions stay visible");
        return;
    }
    strike(&s, version);
    (void)mprotect((void *)begin, size, PROT_READ);
}
