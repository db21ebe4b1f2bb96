/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image_size.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/overflow.h"

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
    uint64_t bytes = 0;
    Elf64_Ehdr header;
    Elf64_Shdr names;

    memcpy(&header, elf, sizeof(header));
    if (header.e_shstrndx >= header.e_shnum) {
        return 0;
    }
    memcpy(&names, elf + header.e_shoff + (uint64_t)header.e_shstrndx * sizeof(names),
           sizeof(names));
    if (names.sh_type != SHT_STRTAB) {
        return 0;
    }
    for (uint32_t i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr section;

        memcpy(&section, elf + header.e_shoff + (uint64_t)i * sizeof(section), sizeof(section));
        if (is_for_variables(elf, &names, &section)) {
            bytes = sum_of(bytes, section.sh_size);
        }
    }
    return bytes;
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* .global and .visible.global declare, ld.global does not, nor does what stands behind "//". */
static bool declares(const char *text, const char *at)
{
    while (at > text && in_word(at[-1])) {
        at--;
    }
    if (*at != '.') {
        return false;
    }
    for (; at > text && at[-1] != '\n'; at--) {
        if (at[0] == '/' && at[-1] == '/') {
            return false;
        }
    }
    return true;
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

/* A number between brackets; behind them in *at.  Nothing between them stands for one element. */
static uint64_t count_in(const char **at)
{
    const char *open = *at + 1 + strspn(*at + 1, " \t\r\n");
    char *end;
    unsigned long long count = strtoull(open, &end, 0);

    if (end == open) {
        count = 1;
    }
    end += *end == 'U';
    end += strspn(end, " \t\r\n");
    *at = end;
    return (*end == ']' || *end == '>') && *open != '-' ? count : UINT64_MAX;
}

/* One declaration, from behind its state space to its end or value: all that it names. */
static uint64_t declared(const char *at)
{
    uint64_t bytes = 0;
    uint64_t element = 1;
    uint64_t count = 1;

    for (; *at != '\0' && strchr(";={", *at) == NULL; at++) {
        if (*at == '.') {
            element = product_of(element, factor_of(at));
        } else if (*at == '[' || *at == '<') {
            count = product_of(count, count_in(&at));
        } else if (*at == ',') {
            bytes = sum_of(bytes, product_of(element, count));
            count = 1;
        }
        if (*at == '\0') {
            break;
        }
    }
    return sum_of(bytes, product_of(element, count));
}

uint64_t ex_text_variables(const char *text)
{
    uint64_t bytes = 0;

    for (const char *at = text; (at = strstr(at, space)) != NULL; at += sizeof(space) - 1) {
        if (declares(text, at)) {
            bytes = sum_of(bytes, declared(at + sizeof(space) - 1));
        }
    }
    return bytes;
}
