/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/image_inflate.h"
#include "executor/sim/module.h"
#include "proto/limits.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define FATBIN_MAGIC           0xba55ed50u
#define FATBIN_WRAPPER_VERSION 1
#define FATBIN_KIND_PTX        1
#define FATBIN_KIND_CODE       2
#define FATBIN_ARCH_MAX        90

struct fatbin_wrapper {
    uint32_t magic;
    uint32_t version;
    const void *data;
    const void *name;
};

struct fatbin_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_size;
    uint64_t size; /* of all entries */
};

struct fatbin_entry {
    uint16_t kind;
    uint16_t attributes;
    uint32_t header_size;
    uint64_t size;            /* of the payload, padded */
    uint32_t compressed_size; /* of the payload; 0 for plain text */
    uint32_t unused;
    uint16_t minor;
    uint16_t major;
    uint32_t arch;
    uint32_t name_offset;
    uint32_t name_size;
    uint64_t flags;
    uint64_t unused_too;
    uint64_t text_size; /* of what is compressed */
};

/* The members behind the flags are there only if the header is so long. */
#define ENTRY_LEAST offsetof(struct fatbin_entry, unused_too)

static CUresult text_copy(const char *text, uint64_t size, char **copy)
{
    *copy = malloc(size + 1);
    if (*copy == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(*copy, text, size);
    (*copy)[size] = '\0';
    return CUDA_SUCCESS;
}

/* The text of an entry, owned by the caller. */
static CUresult entry_text(const struct fatbin_entry *e, const char *payload, char **text)
{
    if ((e->flags & FATBIN_COMPRESSED) == 0) {
        return text_copy(payload, e->size, text);
    }
    if (e->compressed_size > e->size) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    return image_inflate(e->flags, payload, e->compressed_size, e->text_size, text);
}

/* The entry at data, of which left bytes, at least ENTRY_LEAST, may be looked at. */
static bool entry_read(struct fatbin_entry *e, const char *data, uint64_t left)
{
    memset(e, 0, sizeof(*e));
    memcpy(e, data, ENTRY_LEAST);
    if (e->header_size < ENTRY_LEAST || e->header_size > left || e->size > left - e->header_size) {
        return false;
    }
    memcpy(e, data, e->header_size < sizeof(*e) ? e->header_size : sizeof(*e));
    return true;
}

static bool header_read(struct fatbin_header *h, const char *data)
{
    memcpy(h, data, sizeof(*h));
    return h->magic == FATBIN_MAGIC && h->header_size >= sizeof(*h) &&
           h->size <= VGPU_MODULE_BYTES_MAX;
}

/* The PTX entry of the newest architecture that there is a device for, as text of its own. */
static CUresult fatbin_ptx(const char *data, char **text)
{
    struct fatbin_header h;
    struct fatbin_entry e;
    struct fatbin_entry best = {0};
    const char *best_text = NULL;
    uint64_t at = 0;

    if (!header_read(&h, data)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    data += h.header_size;
    for (; h.size - at >= ENTRY_LEAST; at += e.header_size + e.size) {
        if (!entry_read(&e, data + at, h.size - at)) {
            return CUDA_ERROR_INVALID_IMAGE;
        }
        if (e.kind == FATBIN_KIND_PTX && e.arch >= best.arch && e.arch <= FATBIN_ARCH_MAX) {
            best = e;
            best_text = data + at + e.header_size;
        }
    }
    if (best_text == NULL) {
        sim_log("fat binary without PTX: machine code cannot be simulated");
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    return entry_text(&best, best_text, text);
}

bool image_is_machine_code(const void *image)
{
    const char *data = image;
    struct fatbin_header h;
    struct fatbin_entry e;
    bool found = false;
    uint64_t at = 0;

    if (strncmp(data, "\x50\xed\x55\xba", 4) != 0 || !header_read(&h, data)) {
        return false;
    }
    data += h.header_size;
    for (; h.size - at >= ENTRY_LEAST; at += e.header_size + e.size) {
        if (!entry_read(&e, data + at, h.size - at)) {
            return false;
        }
        if (e.kind == FATBIN_KIND_PTX && e.arch <= FATBIN_ARCH_MAX) {
            return false;
        }
        found |= e.kind == FATBIN_KIND_CODE && e.arch == FATBIN_ARCH_MAX;
    }
    return found;
}

/* PTX begins with a directive or a comment, and names its version. */
static bool looks_like_ptx(const char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return (*text == '.' || (text[0] == '/' && (text[1] == '/' || text[1] == '*'))) &&
           strstr(text, ".version") != NULL;
}

/* Machine code, or an ELF file that is no such thing. */
static CUresult elf_refuse(const char *bytes)
{
    Elf64_Ehdr h;

    memcpy(&h, bytes, sizeof(h));
    if (h.e_machine != EM_CUDA) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    if (h.e_shoff == 0 && h.e_shnum == 0) {
        return CUDA_ERROR_UNKNOWN; /* measured */
    }
    sim_log("cubin: machine code cannot be simulated");
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
}

const void *image_unwrap(const void *image)
{
    struct fatbin_wrapper w;

    if (strncmp(image, "\xb1\x43\x62\x46", 4) != 0) {
        return image;
    }
    memcpy(&w, image, sizeof(w));
    return w.version == FATBIN_WRAPPER_VERSION && w.data != NULL ? w.data : image;
}

CUresult image_ptx(const void *image, const char **text, char **owned)
{
    const char *bytes = image;

    *owned = NULL;
    if (strncmp(bytes, IMAGE_LINKED, strlen(IMAGE_LINKED)) == 0) {
        *text = bytes + strlen(IMAGE_LINKED);
        return CUDA_SUCCESS;
    }
    if (strncmp(bytes, ELFMAG, SELFMAG) == 0) {
        return elf_refuse(bytes);
    }
    if (strncmp(bytes, "\x50\xed\x55\xba", 4) == 0) {
        CUresult cu = fatbin_ptx(bytes, owned);

        *text = *owned;
        return cu;
    }
    *text = bytes;
    return looks_like_ptx(bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}
