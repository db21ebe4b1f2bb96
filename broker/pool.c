/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/* ---- uuids ------------------------------------------------------------------ */

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_hyphen_at(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool br_uuid_parse(const char *text, size_t len, uint8_t *uuid)
{
    const char *at = text + 4;

    if (len != BR_UUID_TEXT - 1 || memcmp(text, "GPU-", 4) != 0) {
        return false;
    }
    for (size_t i = 0; i < BR_UUID_BYTES; i++) {
        int high;
        int low;

        if (is_hyphen_at(i) && *at++ != '-') {
            return false;
        }
        high = digit(*at++);
        low = digit(*at++);
        if (high < 0 || low < 0) {
            return false;
        }
        uuid[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void br_uuid_text(const uint8_t *uuid, char text[BR_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *at = text + 4;

    memcpy(text, "GPU-", 4);
    for (size_t i = 0; i < BR_UUID_BYTES; i++) {
        if (is_hyphen_at(i)) {
            *at++ = '-';
        }
        *at++ = digits[uuid[i] >> 4];
        *at++ = digits[uuid[i] & 15];
    }
    *at = '\0';
}

/* ---- pools ------------------------------------------------------------------ */

struct br_pool *br_pool_find(const struct br_pools *pools, const char *name)
{
    for (uint32_t i = 0; i < pools->count; i++) {
        if (strcmp(pools->list[i]->name, name) == 0) {
            return pools->list[i];
        }
    }
    return NULL;
}

static const char *make(struct br_pools *pools, const char *name, struct br_pool **pool)
{
    size_t len = strlen(name);

    if (len == 0 || len > BR_POOL_NAME_MAX || strspn(name, name_bytes) != len) {
        return "a pool's name has 1 to 32 bytes of A-Z a-z 0-9 . _ -";
    }
    if (pools->count == VGPU_POOLS_MAX) {
        return "there are 64 pools already";
    }
    *pool = calloc(1, sizeof(**pool));
    if (*pool == NULL) {
        return "no memory";
    }
    (*pool)->id = ++pools->id_last;
    memcpy((*pool)->name, name, len + 1);
    pools->list[pools->count++] = *pool;
    return NULL;
}

const char *br_pool_set(struct br_pools *pools, const char *name, const uint8_t (*uuid)[16],
                        uint32_t count, struct br_pool **pool)
{
    struct br_pool *found = br_pool_find(pools, name);
    const char *wrong = NULL;

    if (count > VGPU_DEVICES_MAX) {
        return "a pool has at most 16 GPUs";
    }
    if (found == NULL) {
        wrong = make(pools, name, &found);
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (found->source != BR_POOL_HOSTD && !found->changed) {
        found->own = found->gpus;
        found->changed = true;
    }
    found->gpus = (struct br_gpu_set){.count = count};
    if (count > 0) {
        memcpy(found->gpus.uuid, uuid, (size_t)count * sizeof(found->gpus.uuid[0]));
    }
    if (pool != NULL) {
        *pool = found;
    }
    return NULL;
}

const char *br_pool_set_own(struct br_pools *pools, const char *name, const struct br_gpu_set *gpus,
                            enum br_pool_source source)
{
    struct br_pool *pool = br_pool_find(pools, name);
    const char *wrong = pool == NULL ? make(pools, name, &pool) : NULL;

    if (wrong == NULL) {
        pool->gpus = *gpus;
        pool->source = source;
    }
    return wrong;
}

/* The next word of a list with commas; NULL at its end. */
static const char *next_word(const char **at, size_t *len)
{
    const char *word;

    *at += strspn(*at, ", \t");
    word = *at;
    *len = strcspn(word, ", \t");
    *at += *len;
    return *len > 0 ? word : NULL;
}

const char *br_pool_set_text(struct br_pools *pools, const char *name, const char *text)
{
    struct br_gpu_set gpus = {.all = strcmp(text, "*") == 0};
    const char *word;
    size_t len;

    while (!gpus.all && (word = next_word(&text, &len)) != NULL) {
        if (gpus.count == VGPU_DEVICES_MAX) {
            return "a pool has at most 16 GPUs";
        }
        if (!br_uuid_parse(word, len, gpus.uuid[gpus.count++])) {
            return "wanted * or GPUs as nvidia-smi -L prints them: GPU-uuid, GPU-uuid";
        }
    }
    if (!gpus.all && gpus.count == 0) {
        return "wanted * or GPUs as nvidia-smi -L prints them: GPU-uuid, GPU-uuid";
    }
    return br_pool_set_own(pools, name, &gpus, BR_POOL_CONFIG);
}

const char *br_pool_remove(struct br_pools *pools, const char *name)
{
    for (uint32_t i = 0; i < pools->count; i++) {
        struct br_pool *pool = pools->list[i];

        if (strcmp(pool->name, name) != 0) {
            continue;
        }
        if (pool->changed) {
            pool->gpus = pool->own;
            pool->changed = false;
            return NULL;
        }
        if (pool->source == BR_POOL_DEFAULT) {
            return "pools A and B are always there";
        }
        if (pool->source == BR_POOL_CONFIG) {
            return "this pool is one of the configuration: take it out of section [pools]";
        }
        if (pool->users > 0) {
            return "machines use this pool: give them another one first";
        }
        free(pool);
        pools->count--;
        for (uint32_t at = i; at < pools->count; at++) {
            pools->list[at] = pools->list[at + 1];
        }
        return NULL;
    }
    return "there is no pool of that name";
}

bool br_pool_has(const struct br_pool *pool, const uint8_t *uuid)
{
    const struct br_gpu_set *gpus = &pool->gpus;

    for (uint32_t i = 0; i < gpus->count; i++) {
        if (memcmp(gpus->uuid[i], uuid, BR_UUID_BYTES) == 0) {
            return true;
        }
    }
    return gpus->all;
}

const char *br_pool_source_text(const struct br_pool *pool)
{
    static const char *const names[] = {"hostd", "default", "config"};
    static const char *const changed[] = {"hostd", "hostd over default", "hostd over config"};

    return pool->changed ? changed[pool->source] : names[pool->source];
}

void br_pool_text(const struct br_pool *pool, char *text, size_t cap)
{
    char one[BR_UUID_TEXT];
    size_t len = 0;

    (void)snprintf(text, cap, "%s", pool->gpus.all ? "*" : "");
    for (uint32_t i = 0; i < pool->gpus.count && len < cap; i++) {
        br_uuid_text(pool->gpus.uuid[i], one);
        len += (size_t)snprintf(text + len, cap - len, "%s%s", i > 0 ? ", " : "", one);
    }
}

void br_pools_fini(struct br_pools *pools)
{
    for (uint32_t i = 0; i < pools->count; i++) {
        free(pools->list[i]);
    }
    pools->count = 0;
}
