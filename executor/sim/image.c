/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/module.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define FATBIN_MAGIC           0xba55ed50u
#define FATBIN_WRAPPER_VERSION 1
#define FATBIN_KIND_PTX        1
#define FATBIN_COMPRESSED      0xe000u
/* More than any image has; the container's lengths are not to be trusted. */
#define FATBIN_BYTES_MAX ((uint64_t)1 << 32)

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
    uint64_t size; /* of the payload */
    uint32_t compressed_size;
    uint32_t unused;
    uint16_t minor;
    uint16_t major;
    uint32_t arch;
    uint32_t name_offset;
    uint32_t name_size;
    uint64_t flags;
};

static char *text_copy(const char *text, uint64_t size)
{
    char *copy = malloc(size + 1);

    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

/* The PTX entry of the newest architecture, as text of its own. */
static CUresult fatbin_ptx(const char *data, const char **text, char **owned)
{
    struct fatbin_header h;
    struct fatbin_entry e;
    const char *best = NULL;
    uint64_t best_size = 0;
    uint32_t best_arch = 0;
    uint64_t at = 0;

    memcpy(&h, data, sizeof(h));
    if (h.magic != FATBIN_MAGIC || h.size > FATBIN_BYTES_MAX) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    data += h.header_size;
    while (at + sizeof(e) <= h.size) {
        memcpy(&e, data + at, sizeof(e));
        if (e.header_size < sizeof(e) || e.size > h.size - at ||
            e.header_size > h.size - at - e.size) {
            return CUDA_ERROR_INVALID_IMAGE;
        }
        if (e.kind == FATBIN_KIND_PTX && e.arch >= best_arch && e.arch <= 90 &&
            (e.flags & FATBIN_COMPRESSED) == 0) {
            best = data + at + e.header_size;
            best_size = e.size;
            best_arch = e.arch;
        }
        at += e.header_size + e.size;
    }
    if (best == NULL) {
        sim_log("fat binary without uncompressed PTX: machine code cannot be simulated");
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    *owned = text_copy(best, best_size);
    *text = *owned;
    return *owned == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

/* PTX begins with a directive or a comment. */
static bool looks_like_ptx(const char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return *text == '.' || (text[0] == '/' && (text[1] == '/' || text[1] == '*'));
}

/* Machine code, or an ELF file that is no such thing. */
static CUresult elf_refuse(const char *bytes)
{
    Elf64_Ehdr h;

    memcpy(&h, bytes, sizeof(h));
    if (h.e_machine != EM_CUDA) {
        return CUDA_ERROR_INVALID_IMAGE;
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
        return fatbin_ptx(bytes, text, owned);
    }
    *text = bytes;
    return looks_like_ptx(bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}
