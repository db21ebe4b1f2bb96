/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/occupancy.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/module.h"

#define UNSETTLED UINT64_MAX /* another thread is setting something */

struct answer {
    uint8_t key[VGPU_SHA256_BYTES];
    uint64_t value;
};

struct gs_answers {
    uint32_t count; /* of those that are there */
    uint32_t next;  /* the one that makes room */
    struct answer list[GS_ANSWERS];
};

void gs_occupancy_key(const struct gs_function *f, const struct gs_context *context,
                      const struct gs_occupancy_question *question, struct gs_occupancy_key *key)
{
    int32_t settings[VGPU_FUNCTION_ATTRIBUTES + 4];
    struct vgpu_sha256 sha;
    uint64_t done = atomic_load(&f->settings_done);

    key->settings = atomic_load(&f->settings_begun) == done ? done : UNSETTLED;
    settings[0] = (int32_t)question->kind;
    settings[1] = atomic_load(&f->driver_shared);
    settings[2] = atomic_load(&f->cache_config);
    settings[3] = (int32_t)atomic_load(&context->cache_config);
    for (unsigned int i = 0; i < VGPU_FUNCTION_ATTRIBUTES; i++) {
        settings[4 + i] = atomic_load(&f->attributes[i]);
    }
    vgpu_sha256_begin(&sha);
    vgpu_sha256_add(&sha, settings, sizeof(settings));
    vgpu_sha256_add(&sha, question->numbers, sizeof(question->numbers));
    if (question->attributes_len > 0) {
        vgpu_sha256_add(&sha, question->attributes, question->attributes_len);
    }
    vgpu_sha256_end(&sha, key->digest);
}

bool gs_occupancy_find(struct gs_function *f, const struct gs_occupancy_key *key, uint64_t *answer)
{
    bool found = false;

    (void)pthread_mutex_lock(&f->lock);
    for (uint32_t i = 0; f->answers != NULL && i < f->answers->count && !found; i++) {
        const struct answer *known = &f->answers->list[i];

        found = memcmp(known->key, key->digest, sizeof(known->key)) == 0;
        if (found) {
            *answer = known->value;
        }
    }
    (void)pthread_mutex_unlock(&f->lock);
    return found;
}

static void keep(struct gs_answers *answers, const struct gs_occupancy_key *key, uint64_t value)
{
    struct answer *at = &answers->list[answers->next];

    memcpy(at->key, key->digest, sizeof(at->key));
    at->value = value;
    answers->next = (answers->next + 1) % GS_ANSWERS;
    answers->count += answers->count < GS_ANSWERS;
}

void gs_occupancy_keep(struct gs_function *f, const struct gs_occupancy_key *key, uint64_t answer)
{
    if (key->settings != atomic_load(&f->settings_begun)) {
        return;
    }
    (void)pthread_mutex_lock(&f->lock);
    if (f->answers == NULL) {
        f->answers = calloc(1, sizeof(*f->answers));
    }
    if (f->answers != NULL) {
        keep(f->answers, key, answer);
    }
    (void)pthread_mutex_unlock(&f->lock);
}
