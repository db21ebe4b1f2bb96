/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WALK_KEYS_H
#define WALK_KEYS_H

/* Every key of a program's table, with values that are not allowed.  For cmocka tests. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config.h"

/* Room for any program's struct of settings. */
#define WALK_ROOM 65536

/* The value is refused by name, with what is allowed, and nothing has changed. */
static inline void walk_refuse(struct vgpu_config *config, const struct vgpu_config_key *key,
                               const char *value, const char *allowed)
{
    static uint8_t before[WALK_ROOM];
    char assignment[200];

    memcpy(before, config->values, sizeof(before));
    (void)snprintf(assignment, sizeof(assignment), "%s.%s=%s", key->section, key->key, value);
    config->error[0] = '\0';
    assert_int_equal(vgpu_config_set(config, assignment), -EINVAL);
    assert_non_null(strstr(config->error, key->key));
    assert_non_null(strstr(config->error, "wanted "));
    assert_non_null(strstr(config->error, allowed));
    assert_memory_equal(before, config->values, sizeof(before));
}

/* A number just outside its bounds, and what is no number. */
static inline void walk_number(struct vgpu_config *config, const struct vgpu_config_key *key)
{
    static const char *const wrong[] = {
        "", "x", "-1", "+1", "1.5", "1k", "0x1", "4294967296", "99999999999999999999"};
    char value[32];
    char allowed[64];

    (void)snprintf(allowed, sizeof(allowed), "number %u to %u", key->min, key->max);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        walk_refuse(config, key, wrong[i], allowed);
    }
    if (key->min > 0) {
        (void)snprintf(value, sizeof(value), "%u", key->min - 1);
        walk_refuse(config, key, value, allowed);
    }
    (void)snprintf(value, sizeof(value), "%llu", (unsigned long long)key->max + 1);
    walk_refuse(config, key, value, allowed);
}

static inline void walk_key(struct vgpu_config *config, const struct vgpu_config_key *key)
{
    switch (key->type) {
    case VGPU_CONFIG_STRING:
        walk_refuse(config, key, "", "text");
        break;
    case VGPU_CONFIG_PATH:
        walk_refuse(config, key, "", "absolute path");
        walk_refuse(config, key, "relative/path", "absolute path");
        break;
    case VGPU_CONFIG_U32:
    case VGPU_CONFIG_U32_AUTO:
        walk_number(config, key);
        break;
    case VGPU_CONFIG_ENUM:
        walk_refuse(config, key, "", key->names[0]);
        walk_refuse(config, key, "nonsense", key->names[0]);
        break;
    case VGPU_CONFIG_MODE:
        walk_refuse(config, key, "", "0777");
        walk_refuse(config, key, "0888", "0777");
        walk_refuse(config, key, "1000", "0777");
        break;
    case VGPU_CONFIG_BOOL:
        walk_refuse(config, key, "", "yes or no");
        walk_refuse(config, key, "maybe", "yes or no");
        break;
    }
}

static inline void walk_keys(const struct vgpu_config_key *keys, size_t count)
{
    uint8_t *values = calloc(1, WALK_ROOM);
    struct vgpu_config config = {.keys = keys, .count = count, .values = values};

    assert_non_null(values);
    assert_int_equal(vgpu_config_defaults(&config), 0);
    for (size_t i = 0; i < count; i++) {
        walk_key(&config, &keys[i]);
    }
    vgpu_config_fini(&config);
    free(values);
}

#endif
