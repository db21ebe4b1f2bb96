/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ELF_TABLE_H
#define EX_WORKER_ELF_TABLE_H

/*
 * The table of sections of an ELF image.  More sections than the header can count are counted in
 * the first of them, and so is the place of their names.  Pure, any thread.
 */

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ex_elf_table {
    const uint8_t *sections;
    uint64_t count;
    uint64_t names; /* index of the section with their names; count or more: none has them */
};

/* Of an image of `size` bytes, a header at least.  False: the table does not lie in it. */
bool ex_elf_table_read(const uint8_t *bytes, size_t size, struct ex_elf_table *table);

/* The same of an image that ex_image_check() has taken. */
void ex_elf_table_of(const uint8_t *bytes, struct ex_elf_table *table);

/* A section; false: there are fewer. */
bool ex_elf_section(const struct ex_elf_table *table, uint64_t index, Elf64_Shdr *section);

#endif
