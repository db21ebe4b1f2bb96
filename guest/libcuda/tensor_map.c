/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/tensor_map.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/session.h"
#include "vgpu_ops.h"

/* 1,024 maps of 160 bytes, by a part of their key. */
#define SETS   128u
#define PLACES 8u

struct known {
    struct gs_tensor_key key;
    uint8_t map[sizeof(CUtensorMap)];
};

struct set {
    uint32_t count;
    uint32_t next; /* the one that makes room */
    struct known places[PLACES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct set *sets; /* made with the first map, never freed */

void gs_tensor_key(const struct gs_session *s, const struct vgpu_args_vgpuTensorMap *args,
                   struct gs_tensor_key *key)
{
    const uint64_t numbers[] = {s->index,      args->kind,       args->data_type, args->rank,
                                args->address, args->interleave, args->swizzle,   args->promotion,
                                args->fill,    args->mode,       args->shape_len, args->map_len};
    struct vgpu_sha256 sha;

    vgpu_sha256_begin(&sha);
    vgpu_sha256_add(&sha, numbers, sizeof(numbers));
    if (args->shape_len > 0) {
        vgpu_sha256_add(&sha, args->shape, args->shape_len);
    }
    if (args->map_len > 0) {
        vgpu_sha256_add(&sha, args->map, args->map_len);
    }
    vgpu_sha256_end(&sha, key->digest);
}

static struct set *set_of(const struct gs_tensor_key *key)
{
    return &sets[key->digest[0] % SETS];
}

bool gs_tensor_find(const struct gs_tensor_key *key, CUtensorMap *map)
{
    bool found = false;

    (void)pthread_mutex_lock(&lock);
    for (uint32_t i = 0; sets != NULL && i < set_of(key)->count && !found; i++) {
        const struct known *known = &set_of(key)->places[i];

        found = memcmp(&known->key, key, sizeof(*key)) == 0;
        if (found) {
            memcpy(map, known->map, sizeof(known->map));
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

static void keep(struct set *set, const struct gs_tensor_key *key, const CUtensorMap *map)
{
    struct known *at = &set->places[set->next];

    at->key = *key;
    memcpy(at->map, map, sizeof(at->map));
    set->next = (set->next + 1) % PLACES;
    set->count += set->count < PLACES;
}

void gs_tensor_keep(const struct gs_tensor_key *key, const CUtensorMap *map)
{
    (void)pthread_mutex_lock(&lock);
    if (sets == NULL) {
        sets = calloc(SETS, sizeof(*sets));
    }
    if (sets != NULL) {
        keep(set_of(key), key, map);
    }
    (void)pthread_mutex_unlock(&lock);
}
