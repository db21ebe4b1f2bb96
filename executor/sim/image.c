/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/image_inflate.h"
#include "executor/sim/module.h"
#include "proto/fatbin.h"
#include "proto/limits.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define FATBIN_WRAPPER_VERSION 1
#define FATBIN_ARCH_MAX        90

struct fatbin_wrapper {
    uint32_t magic;
    uint32_t version;
    const void *data;
    const void *name;
};

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
static CUresult entry_text(const struct vgpu_fatbin_entry *e, const char *payload, char **text)
{
    if ((e->flags & VGPU_FATBIN_PACKED) == 0) {
        return text_copy(payload, e->bytes, text);
    }
    if (e->packed_bytes > e->bytes) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    return image_inflate(e->flags, payload, e->packed_bytes, e->plain_bytes, text);
}

/* The entry at data, of which left bytes, at least sizeof(*e), may be looked at. */
static bool entry_read(struct vgpu_fatbin_entry *e, const char *data, uint64_t left)
{
    memcpy(e, data, sizeof(*e));
    return e->header_bytes >= sizeof(*e) && e->header_bytes <= left &&
           e->bytes <= left - e->header_bytes;
}

static bool header_read(struct vgpu_fatbin_header *h, const char *data)
{
    memcpy(h, data, sizeof(*h));
    return h->magic == VGPU_FATBIN_MAGIC && h->header_bytes >= sizeof(*h) &&
           h->bytes <= VGPU_MODULE_BYTES_MAX;
}

/* The PTX entry of the newest architecture that there is a device for, as text of its own. */
static CUresult fatbin_ptx(const char *data, char **text)
{
    struct vgpu_fatbin_header h;
    struct vgpu_fatbin_entry e;
    struct vgpu_fatbin_entry best = {0};
    const char *best_text = NULL;
    uint64_t at = 0;

    if (!header_read(&h, data)) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    data += h.header_bytes;
    for (; h.bytes - at >= sizeof(e); at += e.header_bytes + e.bytes) {
        if (!entry_read(&e, data + at, h.bytes - at)) {
            return CUDA_ERROR_INVALID_IMAGE;
        }
        if (e.kind == VGPU_FATBIN_PTX && e.arch >= best.arch && e.arch <= FATBIN_ARCH_MAX) {
            best = e;
            best_text = data + at + e.header_bytes;
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
    struct vgpu_fatbin_header h;
    struct vgpu_fatbin_entry e;
    bool found = false;
    uint64_t at = 0;

    if (strncmp(data, "\x50\xed\x55\xba", 4) != 0 || !header_read(&h, data)) {
        return false;
    }
    data += h.header_bytes;
    for (; h.bytes - at >= sizeof(e); at += e.header_bytes + e.bytes) {
        if (!entry_read(&e, data + at, h.bytes - at)) {
            return false;
        }
        if (e.kind == VGPU_FATBIN_PTX && e.arch <= FATBIN_ARCH_MAX) {
            return false;
        }
        found |= e.kind == VGPU_FATBIN_ELF && e.arch == FATBIN_ARCH_MAX;
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
