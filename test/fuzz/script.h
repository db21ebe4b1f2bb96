/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FUZZ_SCRIPT_H
#define TEST_FUZZ_SCRIPT_H

/* The input of a harness, taken from its front. */

#include <stddef.h>
#include <stdint.h>

struct script {
    const uint8_t *at;
    size_t left;
};

/* The next byte; 0 at the end. */
static inline uint8_t script_next(struct script *script)
{
    if (script->left == 0) {
        return 0;
    }
    script->left--;
    return *script->at++;
}

/* Takes up to *len bytes, which *len then counts. */
static inline const uint8_t *script_take(struct script *script, size_t *len)
{
    const uint8_t *at = script->at;

    *len = *len < script->left ? *len : script->left;
    script->at += *len;
    script->left -= *len;
    return at;
}

#endif
