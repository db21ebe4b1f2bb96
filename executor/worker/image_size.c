/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image_size.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/overflow.h"
#include "executor/worker/elf_table.h"
#include "executor/worker/ptx_text.h"

/* .nv.global has no bytes in the file, .nv.global.init has. */
static const char section_prefix[] = ".nv.global";
static const char space[] = ".global";

static uint64_t sum_of(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return vgpu_u64_add(a, b, &sum) ? sum : UINT64_MAX;
}

static uint64_t product_of(uint64_t a, uint64_t b)
{
    uint64_t product;

    return vgpu_u64_mul(a, b, &product) ? product : UINT64_MAX;
}

static bool is_for_variables(const uint8_t *elf, const Elf64_Shdr *names, const Elf64_Shdr *section)
{
    size_t len = sizeof(section_prefix) - 1;

    return section->sh_name < names->sh_size && names->sh_size - section->sh_name > len &&
           memcmp(elf + names->sh_offset + section->sh_name, section_prefix, len) == 0;
}

uint64_t ex_elf_variables(const uint8_t *elf)
{
    struct ex_elf_table table;
    uint64_t bytes = 0;
    Elf64_Shdr section;
    Elf64_Shdr names;

    ex_elf_table_of(elf, &table);
    if (!ex_elf_section(&table, table.names, &names) || names.sh_type != SHT_STRTAB) {
        return 0;
    }
    for (uint64_t i = 0; ex_elf_section(&table, i, &section); i++) {
        if (is_for_variables(elf, &names, &section)) {
            bytes = sum_of(bytes, section.sh_size);
        }
    }
    return bytes;
}

/* What a word of the type says: .b8 1 byte, .v4 four of them; others, as .align, nothing. */
static uint64_t factor_of(const char *word)
{
    unsigned long number;
    char *end;

    if (word[1] == '\0' || strchr("busfv", word[1]) == NULL) {
        return 1;
    }
    number = strtoul(word + 2, &end, 10);
    if (word[1] == 'v') {
        return number == 2 || number == 4 ? number : 1;
    }
    number = number >= 8 && number <= 128 ? number / 8 : 1;
    return strncmp(end, "x2", 2) == 0 ? 2 * number : number;
}

/* Everything that the directives in a word, from `at` on, say. */
static uint64_t factors_in(const char *at, const char *end)
{
    uint64_t product = 1;

    for (; at < end; at++) {
        if (*at == '.') {
            product = product_of(product, factor_of(at));
        }
    }
    return product;
}

/* A number before a bracket that closes.  Nothing before it stands for one element. */
static uint64_t count_in(struct ex_ptx *ptx, struct ex_ptx_token *token)
{
    uint64_t count = 1;
    bool number = true;

    (void)ex_ptx_next(ptx, token);
    if (token->word) {
        char *end;

        count = strtoull(token->start, &end, 0);
        end += *end == 'U';
        number = end == token->start + token->len;
        (void)ex_ptx_next(ptx, token);
    }
    return number && (ex_ptx_is(token, ']') || ex_ptx_is(token, '>')) ? count : UINT64_MAX;
}

static bool ends_declaration(const struct ex_ptx_token *token)
{
    return token->len == 0 || ex_ptx_is(token, ';') || ex_ptx_is(token, '=') ||
           ex_ptx_is(token, '{');
}

/* One declaration, from `at` behind its state space to its end or value: all that it names. */
static uint64_t declared(struct ex_ptx *ptx, struct ex_ptx_token *token, const char *at)
{
    uint64_t element = factors_in(at, token->start + token->len);
    uint64_t bytes = 0;
    uint64_t count = 1;

    while (ex_ptx_next(ptx, token) && !ends_declaration(token)) {
        if (token->word) {
            element = product_of(element, factors_in(token->start, token->start + token->len));
        } else if (ex_ptx_is(token, '[') || ex_ptx_is(token, '<')) {
            count = product_of(count, count_in(ptx, token));
        } else if (ex_ptx_is(token, ',')) {
            bytes = sum_of(bytes, product_of(element, count));
            count = 1;
        }
    }
    return sum_of(bytes, product_of(element, count));
}

/* .global and .visible.global declare, ld.global does not. */
uint64_t ex_text_variables(const char *text)
{
    struct ex_ptx_token token;
    uint64_t bytes = 0;
    struct ex_ptx ptx;

    ex_ptx_begin(&ptx, text);
    while (ex_ptx_next(&ptx, &token)) {
        const char *at = ex_ptx_directive(&token, space);

        if (at != NULL) {
            bytes = sum_of(bytes, declared(&ptx, &token, at));
        }
    }
    return bytes;
}
