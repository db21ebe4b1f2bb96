/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/image.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/overflow.h"
#include "proto/fatbin.h"
#include "proto/limits.h"

/* Several times the largest library.  What travels of it is another matter (image_pick.h). */
#define FATBIN_BYTES_MAX ((size_t)16 << 30)

struct fatbin_wrapper {
    uint32_t magic;
    uint32_t version;
    const void *data;
    void *more;
};

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Grows *end to cover [offset, offset + len); false: beyond `limit`. */
static bool cover(uint64_t offset, uint64_t len, size_t limit, size_t *end)
{
    if (!vgpu_span_fits(offset, len, limit)) {
        return false;
    }
    if (offset + len > *end) {
        *end = offset + len;
    }
    return true;
}

/* More sections than the header can count are counted in the first of them. */
static uint64_t section_count(const uint8_t *image, const Elf64_Ehdr *elf, size_t limit)
{
    Elf64_Shdr first;

    if (elf->e_shnum != 0 || elf->e_shoff == 0 ||
        !vgpu_span_fits(elf->e_shoff, sizeof(first), limit)) {
        return elf->e_shnum;
    }
    memcpy(&first, image + elf->e_shoff, sizeof(first));
    return first.sh_size;
}

static bool cover_sections(const uint8_t *image, const Elf64_Ehdr *elf, size_t limit, size_t *end)
{
    uint64_t count = section_count(image, elf, limit);
    uint64_t all;

    if ((count > 0 && elf->e_shentsize < sizeof(Elf64_Shdr)) ||
        !vgpu_u64_mul(count, elf->e_shentsize, &all) || !cover(elf->e_shoff, all, limit, end)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Shdr section;

        memcpy(&section, image + elf->e_shoff + (size_t)i * elf->e_shentsize, sizeof(section));
        if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
            !cover(section.sh_offset, section.sh_size, limit, end)) {
            return false;
        }
    }
    return true;
}

static bool cover_segments(const uint8_t *image, const Elf64_Ehdr *elf, size_t limit, size_t *end)
{
    for (uint16_t i = 0; i < elf->e_phnum; i++) {
        Elf64_Phdr segment;

        memcpy(&segment, image + elf->e_phoff + (size_t)i * elf->e_phentsize, sizeof(segment));
        if (!cover(segment.p_offset, segment.p_filesz, limit, end)) {
            return false;
        }
    }
    return true;
}

static CUresult elf_size(const uint8_t *image, size_t limit, size_t *size)
{
    size_t end = sizeof(Elf64_Ehdr);
    Elf64_Ehdr elf;

    if (limit < sizeof(elf)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    memcpy(&elf, image, sizeof(elf));
    if (elf.e_ident[EI_CLASS] != ELFCLASS64 ||
        (elf.e_phnum > 0 && elf.e_phentsize < sizeof(Elf64_Phdr)) ||
        !cover(elf.e_phoff, (uint64_t)elf.e_phnum * elf.e_phentsize, limit, &end) ||
        !cover_sections(image, &elf, limit, &end) || !cover_segments(image, &elf, limit, &end)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    *size = end;
    return CUDA_SUCCESS;
}

static CUresult fatbin_size(const uint8_t *image, size_t limit, size_t *size)
{
    struct vgpu_fatbin_header header;

    if (limit < sizeof(header)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    memcpy(&header, image, sizeof(header));
    if (header.header_bytes < sizeof(header) ||
        !vgpu_span_fits(header.header_bytes, header.bytes, limit)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    *size = header.header_bytes + (size_t)header.bytes;
    return CUDA_SUCCESS;
}

static CUresult text_size(const uint8_t *image, size_t limit, size_t *size)
{
    size_t len = strnlen((const char *)image, limit);

    if (len == 0 || len == limit) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    *size = len + 1;
    return CUDA_SUCCESS;
}

CUresult gs_image_fatbin(const void *image, const void **start, size_t *size)
{
    uint32_t magic = 0;

    if (image != NULL) {
        memcpy(&magic, image, sizeof(magic));
    }
    *start = image;
    return magic == VGPU_FATBIN_MAGIC ? fatbin_size(image, FATBIN_BYTES_MAX, size)
                                      : CUDA_ERROR_INVALID_IMAGE;
}

static CUresult unwrap(const uint8_t *image, size_t limit, const void **start, size_t *size)
{
    struct fatbin_wrapper wrapper;

    if (limit < sizeof(wrapper)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    memcpy(&wrapper, image, sizeof(wrapper));
    return wrapper.version == 1 ? gs_image_fatbin(wrapper.data, start, size)
                                : CUDA_ERROR_INVALID_IMAGE;
}

bool gs_image_is_wrapper(const void *image)
{
    const uint8_t *bytes = image;

    /* A text may end before the magic number does. */
    for (unsigned int i = 0; i < sizeof(uint32_t); i++) {
        if (bytes[i] != ((VGPU_FATBIN_WRAPPER_MAGIC >> (8 * i)) & 0xff)) {
            return false;
        }
    }
    return true;
}

CUresult gs_image_find(const void *image, size_t avail, const void **start, size_t *size)
{
    const uint8_t *bytes = image;
    size_t limit = lesser(avail, VGPU_MODULE_BYTES_MAX);
    uint32_t magic = 0;

    *start = image;
    if (limit == 0 || bytes[0] == '\0') {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    /* Text may be shorter than a magic number; a first byte that fits none decides. */
    if (bytes[0] == ELFMAG0 || bytes[0] == (VGPU_FATBIN_MAGIC & 0xff) ||
        bytes[0] == (VGPU_FATBIN_WRAPPER_MAGIC & 0xff)) {
        if (limit < sizeof(magic)) {
            return CUDA_ERROR_INVALID_IMAGE;
        }
        memcpy(&magic, bytes, sizeof(magic));
    }
    if (magic == VGPU_FATBIN_MAGIC) {
        return fatbin_size(bytes, lesser(avail, FATBIN_BYTES_MAX), size);
    }
    if (magic == VGPU_FATBIN_WRAPPER_MAGIC) {
        return unwrap(bytes, limit, start, size);
    }
    if (magic != 0 && memcmp(bytes, ELFMAG, SELFMAG) == 0) {
        return elf_size(bytes, limit, size);
    }
    return text_size(bytes, limit, size);
}
