/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image_scan.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/overflow.h"
#include "executor/worker/elf_table.h"
#include "executor/worker/image.h"
#include "executor/worker/image_part.h"
#include "executor/worker/image_size.h"
#include "executor/worker/ptx_text.h"
#include "proto/fatbin.h"

/* What the compiler makes of printf. */
static const char print_name[] = "vprintf";

static const char managed[] = ".managed";

/* In a symbol's st_other, as ptxas 13.0 writes it. */
#define OTHER_MANAGED 0x04u

static void note_managed(struct ex_findings *findings, const char *name, size_t len)
{
    size_t most = sizeof(findings->managed) - 1;

    if (findings->managed[0] == '\0' && len > 0) {
        memcpy(findings->managed, name, len < most ? len : most);
    }
}

static bool names_print(const uint8_t *bytes, uint64_t size)
{
    return memmem(bytes, size, print_name, sizeof(print_name) - 1) != NULL;
}

/* The table of names of a section of symbols; false: it has none, or is no such section. */
static bool names_of(const struct ex_elf_table *table, const Elf64_Shdr *section, Elf64_Shdr *names)
{
    return section->sh_type == SHT_SYMTAB && ex_elf_section(table, section->sh_link, names) &&
           names->sh_type == SHT_STRTAB;
}

/* What code calls from outside is one of its symbols, so only their names are searched.  Where they
 * are missing, or more than the image (many symbols of one table), the image is. */
static bool elf_prints(const uint8_t *bytes, size_t size)
{
    struct ex_elf_table table;
    uint64_t searched = 0;
    Elf64_Shdr section;
    Elf64_Shdr names;

    ex_elf_table_of(bytes, &table);
    for (uint64_t i = 0; searched <= size && ex_elf_section(&table, i, &section); i++) {
        if (names_of(&table, &section, &names)) {
            searched += names.sh_size;
            if (names_print(bytes + names.sh_offset, names.sh_size)) {
                return true;
            }
        }
    }
    return (searched == 0 || searched > size) && names_print(bytes, size);
}

/* The names of a table of symbols that are managed. */
static void scan_symbols(const uint8_t *bytes, const Elf64_Shdr *symbols, const Elf64_Shdr *names,
                         struct ex_findings *findings)
{
    for (uint64_t at = 0;
         findings->managed[0] == '\0' && symbols->sh_size - at >= sizeof(Elf64_Sym);
         at += sizeof(Elf64_Sym)) {
        const char *text = (const char *)bytes + names->sh_offset;
        Elf64_Sym symbol;

        memcpy(&symbol, bytes + symbols->sh_offset + at, sizeof(symbol));
        if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && (symbol.st_other & OTHER_MANAGED) != 0 &&
            symbol.st_name < names->sh_size) {
            uint64_t room = names->sh_size - symbol.st_name;
            size_t most = sizeof(findings->managed);

            note_managed(findings, text + symbol.st_name,
                         strnlen(text + symbol.st_name, room < most ? room : most));
        }
    }
}

/* The image has been checked: tables and sections lie inside. */
static void scan_elf(const uint8_t *bytes, struct ex_findings *findings)
{
    struct ex_elf_table table;
    Elf64_Shdr section;
    Elf64_Shdr names;

    ex_elf_table_of(bytes, &table);
    for (uint64_t i = 0; ex_elf_section(&table, i, &section); i++) {
        if (names_of(&table, &section, &names)) {
            scan_symbols(bytes, &section, &names, findings);
        }
    }
}

/* The name in what follows an attribute: the last word before its size, value or end. */
static void note_declared(struct ex_ptx *ptx, struct ex_findings *findings)
{
    struct ex_ptx_token last = {.len = 0};
    struct ex_ptx_token token;

    while (ex_ptx_next(ptx, &token) && !ex_ptx_is(&token, '[') && !ex_ptx_is(&token, '=') &&
           !ex_ptx_is(&token, ';')) {
        last = token.word ? token : last;
    }
    note_managed(findings, last.start, last.len);
}

/* Whether what the brackets hold names managed memory; from behind the opening one to behind the
 * one that closes it. */
static bool names_managed(struct ex_ptx *ptx)
{
    struct ex_ptx_token token;
    bool found = false;
    size_t depth = 1;

    while (depth > 0 && ex_ptx_next(ptx, &token)) {
        depth += ex_ptx_is(&token, '(');
        depth -= ex_ptx_is(&token, ')');
        found |= ex_ptx_directive(&token, managed) != NULL;
    }
    return depth == 0 && found;
}

/* .global .attribute(.managed) .align 4 .b8 name[16]; */
static void scan_text(const char *text, struct ex_findings *findings)
{
    struct ex_ptx_token token;
    bool attribute = false;
    struct ex_ptx ptx;

    ex_ptx_begin(&ptx, text);
    while (findings->managed[0] == '\0' && ex_ptx_next(&ptx, &token)) {
        if (attribute && ex_ptx_is(&token, '(') && names_managed(&ptx)) {
            note_declared(&ptx, findings);
        }
        attribute = ex_ptx_directive(&token, ".attribute") != NULL;
    }
}

/* Code; a text has a NUL behind it. */
static void scan_code(const uint8_t *code, size_t size, enum ex_image_kind kind, bool variables,
                      struct ex_findings *findings)
{
    const char *text = (const char *)code;

    findings->prints |= kind == EX_IMAGE_ELF ? elf_prints(code, size) : names_print(code, size);
    if (kind == EX_IMAGE_ELF) {
        scan_elf(code, findings);
        findings->variables = variables ? ex_elf_variables(code) : 0;
    } else if (kind == EX_IMAGE_PTX) {
        if (strstr(text, managed) != NULL) {
            scan_text(text, findings);
        }
        findings->variables = variables ? ex_text_variables(text) : 0;
    }
}

/* Looked at where it lies.  A text needs a NUL behind it, so it is copied. */
static bool is_plain_elf(const struct ex_part *part)
{
    return ex_part_is_plain(part) && part->bytes >= SELFMAG &&
           memcmp(part->payload, ELFMAG, SELFMAG) == 0;
}

/* Code of a part, of which machine code has to be what it says. */
static bool scan_unpacked(const struct ex_part *part, const uint8_t *code, size_t size,
                          bool variables, struct ex_findings *findings)
{
    enum ex_image_kind kind = ex_image_check(code, size);

    scan_code(code, size, kind, variables, findings);
    return part->kind != VGPU_FATBIN_ELF || kind == EX_IMAGE_ELF;
}

static bool scan_part(const struct ex_part *part, bool variables, struct ex_findings *findings)
{
    size_t size = part->bytes;
    uint8_t *code;
    bool sound;

    if (is_plain_elf(part)) {
        return scan_unpacked(part, part->payload, size, variables, findings);
    }
    code = ex_part_code(part, &size);
    if (code == NULL) {
        findings->prints = true;
        return !ex_part_is_known(part);
    }
    sound = scan_unpacked(part, code, size, variables, findings);
    free(code);
    return sound;
}

bool ex_image_scan(const uint8_t *bytes, size_t size, enum ex_image_kind kind, uint32_t capability,
                   bool variables, struct ex_findings *findings)
{
    struct ex_part part;

    memset(findings, 0, sizeof(*findings));
    if (kind != EX_IMAGE_FATBIN) {
        scan_code(bytes, size, kind, variables, findings);
        return true;
    }
    return !ex_part_for(bytes, capability, false, &part) || scan_part(&part, variables, findings);
}
