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

/* What the compiler makes of printf. */
static const char print_name[] = "vprintf";

/* In a symbol's st_other, as ptxas 13.0 writes it. */
#define OTHER_MANAGED 0x04u

static void note_managed(struct ex_findings *findings, const char *name, size_t len)
{
    size_t most = sizeof(findings->managed) - 1;

    if (findings->managed[0] == '\0' && len > 0) {
        memcpy(findings->managed, name, len < most ? len : most);
    }
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
        if (section.sh_type == SHT_SYMTAB && ex_elf_section(&table, section.sh_link, &names) &&
            names.sh_type == SHT_STRTAB) {
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
    bool managed = false;
    size_t depth = 1;

    while (depth > 0 && ex_ptx_next(ptx, &token)) {
        depth += ex_ptx_is(&token, '(');
        depth -= ex_ptx_is(&token, ')');
        managed |= ex_ptx_directive(&token, ".managed") != NULL;
    }
    return depth == 0 && managed;
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

/* Code that has a NUL behind it. */
static void scan_code(const uint8_t *code, size_t size, struct ex_findings *findings)
{
    enum ex_image_kind kind = ex_image_check(code, size);

    findings->prints |= memmem(code, size, print_name, sizeof(print_name) - 1) != NULL;
    if (kind == EX_IMAGE_ELF) {
        scan_elf(code, findings);
        findings->variables = ex_elf_variables(code);
    } else if (kind == EX_IMAGE_PTX) {
        scan_text((const char *)code, findings);
        findings->variables = ex_text_variables((const char *)code);
    }
}

void ex_image_scan(const uint8_t *bytes, size_t size, uint32_t capability,
                   struct ex_findings *findings)
{
    struct ex_part part;
    uint8_t *code;
    size_t code_size = 0;

    memset(findings, 0, sizeof(*findings));
    if (ex_image_check(bytes, size) != EX_IMAGE_FATBIN) {
        scan_code(bytes, size, findings);
        return;
    }
    if (!ex_part_for(bytes, capability, false, &part)) {
        return;
    }
    code = ex_part_code(&part, &code_size);
    if (code == NULL) {
        findings->prints = true;
        return;
    }
    scan_code(code, code_size, findings);
    free(code);
}
