/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/elf_table.h"

#include <string.h>

#include "common/overflow.h"

bool ex_elf_table_read(const uint8_t *bytes, size_t size, struct ex_elf_table *table)
{
    Elf64_Ehdr header;
    Elf64_Shdr first;
    uint64_t all;

    memcpy(&header, bytes, sizeof(header));
    *table = (struct ex_elf_table){.count = header.e_shnum, .names = header.e_shstrndx};
    if (header.e_shoff == 0) {
        return header.e_shnum == 0;
    }
    if (header.e_shentsize != sizeof(first) ||
        !vgpu_span_fits(header.e_shoff, sizeof(first), size)) {
        return false;
    }
    table->sections = bytes + header.e_shoff;
    memcpy(&first, table->sections, sizeof(first));
    table->count = header.e_shnum != 0 ? header.e_shnum : first.sh_size;
    table->names = header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first.sh_link;
    return vgpu_u64_mul(table->count, sizeof(first), &all) &&
           vgpu_span_fits(header.e_shoff, all, size);
}

void ex_elf_table_of(const uint8_t *bytes, struct ex_elf_table *table)
{
    (void)ex_elf_table_read(bytes, SIZE_MAX, table);
}

bool ex_elf_section(const struct ex_elf_table *table, uint64_t index, Elf64_Shdr *section)
{
    if (index >= table->count) {
        return false;
    }
    memcpy(section, table->sections + index * sizeof(*section), sizeof(*section));
    return true;
}
