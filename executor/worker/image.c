/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "common/overflow.h"
#include "executor/worker/elf_table.h"
#include "proto/fatbin.h"

#define MACHINE_CUDA 190

static bool table_fits(uint64_t offset, uint64_t count, uint64_t entry, uint64_t want, size_t size)
{
    uint64_t bytes;

    if (count == 0) {
        return true;
    }
    return entry == want && vgpu_u64_mul(count, entry, &bytes) &&
           vgpu_span_fits(offset, bytes, size);
}

/* Tables of symbols lie apart, so that who reads them all reads no more than the image. */
static bool sections_fit(const struct ex_elf_table *table, size_t size)
{
    uint64_t symbols = 0;
    Elf64_Shdr section;

    for (uint64_t i = 0; ex_elf_section(table, i, &section); i++) {
        if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
            !vgpu_span_fits(section.sh_offset, section.sh_size, size)) {
            return false;
        }
        symbols += section.sh_type == SHT_SYMTAB ? section.sh_size : 0;
        if (symbols > size) {
            return false;
        }
    }
    return true;
}

static bool elf_is_sane(const uint8_t *bytes, size_t size)
{
    struct ex_elf_table table;
    Elf64_Ehdr header;

    if (size < sizeof(header)) {
        return false;
    }
    memcpy(&header, bytes, sizeof(header));
    return header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
           header.e_machine == MACHINE_CUDA &&
           table_fits(header.e_phoff, header.e_phnum, header.e_phentsize, sizeof(Elf64_Phdr),
                      size) &&
           ex_elf_table_read(bytes, size, &table) && sections_fit(&table, size);
}

/* Texts lie inside the header, behind the structure; without bytes they may be anywhere in it. */
static bool text_fits(uint64_t offset, uint64_t bytes, const struct vgpu_fatbin_entry *entry)
{
    return vgpu_span_fits(offset, bytes, entry->header_bytes) &&
           (bytes == 0 || offset >= sizeof(*entry));
}

/* What the entry at `bytes` refers to. */
static bool references_fit(const uint8_t *bytes, const struct vgpu_fatbin_entry *entry)
{
    struct vgpu_fatbin_options options = {.offset = 0};

    /* Of text the driver follows 0 as well. */
    if (entry->options != 0 || entry->kind == VGPU_FATBIN_PTX) {
        if (!text_fits(entry->options, sizeof(options), entry)) {
            return false;
        }
        memcpy(&options, bytes + entry->options, sizeof(options));
    }
    return text_fits(options.offset, options.bytes, entry) &&
           text_fits(entry->name_offset, entry->name_bytes, entry);
}

/* The entry in the `left` bytes at `bytes`: header, payload and what it says of both.  Its size in
 * *all. */
static bool entry_fits(const uint8_t *bytes, uint64_t left, uint64_t *all)
{
    struct vgpu_fatbin_entry entry;

    if (left < sizeof(entry)) {
        return false;
    }
    memcpy(&entry, bytes, sizeof(entry));
    return entry.header_bytes >= sizeof(entry) &&
           vgpu_u64_add(entry.header_bytes, entry.bytes, all) && *all <= left &&
           references_fit(bytes, &entry) &&
           ((entry.flags & VGPU_FATBIN_PACKED) == 0 || entry.packed_bytes <= entry.bytes);
}

/* Every entry lies inside what the container says it holds. */
static bool fatbin_is_sane(const uint8_t *bytes, size_t size)
{
    struct vgpu_fatbin_header header;
    uint64_t end;
    uint64_t at;
    uint64_t all;

    if (size < sizeof(header)) {
        return false;
    }
    memcpy(&header, bytes, sizeof(header));
    if (header.header_bytes < sizeof(header) ||
        !vgpu_u64_add(header.header_bytes, header.bytes, &end) || end > size) {
        return false;
    }
    for (at = header.header_bytes; at < end; at += all) {
        if (!entry_fits(bytes + at, end - at, &all)) {
            return false;
        }
    }
    return true;
}

/* Text without control characters before its end; what follows a NUL must be NULs. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    size_t len = strnlen((const char *)bytes, size);

    for (size_t i = 0; i < len; i++) {
        uint8_t c = bytes[i];

        if (c < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != '\f' && c != '\v') {
            return false;
        }
    }
    for (size_t i = len; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return len > 0;
}

enum ex_image_kind ex_image_check(const uint8_t *bytes, size_t size)
{
    uint32_t magic = 0;

    if (size >= sizeof(magic)) {
        memcpy(&magic, bytes, sizeof(magic));
    }
    if (size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0) {
        return elf_is_sane(bytes, size) ? EX_IMAGE_ELF : EX_IMAGE_BAD;
    }
    if (magic == VGPU_FATBIN_MAGIC) {
        return fatbin_is_sane(bytes, size) ? EX_IMAGE_FATBIN : EX_IMAGE_BAD;
    }
    return is_text(bytes, size) ? EX_IMAGE_PTX : EX_IMAGE_BAD;
}
