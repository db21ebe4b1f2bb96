/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/launch.h"

#include <stdbool.h>

#include "guest/libcuda/module.h"

#define FORM_USED ((uint64_t)1 << 63)

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static uint64_t blocks_of(const CUlaunchConfig *config)
{
    return (uint64_t)config->gridDimX * config->gridDimY * config->gridDimZ;
}

static bool divides(const CUlaunchConfig *config, const uint32_t cluster[3])
{
    return cluster[0] != 0 && cluster[1] != 0 && cluster[2] != 0 &&
           config->gridDimX % cluster[0] == 0 && config->gridDimY % cluster[1] == 0 &&
           config->gridDimZ % cluster[2] == 0;
}

/* The clusters that the kernel was compiled or set to have. */
static bool own_cluster(const struct gs_function *f, uint32_t cluster[3])
{
    for (unsigned int i = 0; i < 3; i++) {
        cluster[i] = (uint32_t)atomic_load_explicit(
            &f->attributes[CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH + i], memory_order_relaxed);
    }
    return cluster[0] != 0;
}

/* A grid that its clusters do not divide is the driver's to judge, every time. */
static bool clusters_fit(const struct gs_function *f, const CUlaunchConfig *config,
                         const struct gs_attributes *attributes)
{
    uint32_t own[3];

    if (attributes != NULL && attributes->cluster[0] != 0) {
        return divides(config, attributes->cluster);
    }
    return !own_cluster(f, own) || divides(config, own);
}

/* Block dimensions are below 2^11, 2^11 and 2^7: without attributes two forms never share a key.
 * What fits at once, which a co-operative launch needs, depends on the cache's division too. */
static uint64_t form_key(const struct gs_function *f, const CUlaunchConfig *config,
                         const struct gs_attributes *attributes)
{
    int32_t division;
    uint64_t block =
        (uint64_t)config->blockDimX << 18 | (uint64_t)config->blockDimY << 7 | config->blockDimZ;

    if (attributes == NULL || attributes->count == 0) {
        return FORM_USED | block;
    }
    division = atomic_load_explicit(
        &f->attributes[CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT], memory_order_relaxed);
    return FORM_USED | block |
           mix(mix(mix(attributes->hash, config->sharedMemBytes), (uint32_t)division), block) << 29;
}

/* Where a form may lie: GS_FORM_PROBES places from here on, without a gap before it. */
static unsigned int first_place(uint64_t key)
{
    return (unsigned int)(key * 0x9e3779b97f4a7c15u >> 58) % GS_FORMS;
}

static struct gs_form *place(struct gs_function *f, unsigned int first, unsigned int probe)
{
    return &f->forms[(first + probe) % GS_FORMS];
}

bool gs_form_known(struct gs_function *f, const CUlaunchConfig *config,
                   const struct gs_attributes *attributes, uint64_t *key)
{
    unsigned int first;

    *key = form_key(f, config, attributes);
    if (!clusters_fit(f, config, attributes)) {
        *key = 0;
        return false;
    }
    first = first_place(*key);
    for (unsigned int i = 0; i < GS_FORM_PROBES; i++) {
        struct gs_form *form = place(f, first, i);
        uint64_t found = atomic_load_explicit(&form->key, memory_order_acquire);

        if (found == *key) {
            /* Co-operative grids must fit at once: a smaller one does too. */
            return attributes == NULL || attributes->count == 0 ||
                   blocks_of(config) <= atomic_load_explicit(&form->blocks, memory_order_relaxed);
        }
        if (found == 0) {
            break;
        }
    }
    return false;
}

/* Under the lock: where the form lies, or shall lie. */
static struct gs_form *place_for(struct gs_function *f, uint64_t key)
{
    unsigned int first = first_place(key);
    struct gs_form *form;

    for (unsigned int i = 0; i < GS_FORM_PROBES; i++) {
        form = place(f, first, i);
        if (atomic_load(&form->key) == key || atomic_load(&form->key) == 0) {
            return form;
        }
    }
    return place(f, first, f->next_form++ % GS_FORM_PROBES);
}

void gs_form_learn(struct gs_function *f, const CUlaunchConfig *config, uint64_t key)
{
    struct gs_form *form;

    if (key == 0) {
        return;
    }
    (void)pthread_mutex_lock(&f->lock);
    form = place_for(f, key);
    if (atomic_load(&form->key) != key) {
        /* Who reads the new key sees no number of the old one. */
        atomic_store(&form->key, 0);
        atomic_store(&form->blocks, 0);
    }
    if (atomic_load(&form->blocks) < blocks_of(config)) {
        atomic_store(&form->blocks, blocks_of(config));
    }
    atomic_store_explicit(&form->key, key, memory_order_release);
    (void)pthread_mutex_unlock(&f->lock);
}

void gs_form_forget(struct gs_function *f)
{
    for (unsigned int i = 0; i < GS_FORMS; i++) {
        atomic_store(&f->forms[i].key, 0);
    }
}
