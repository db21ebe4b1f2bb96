/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_PROTO_FATBIN_H
#define VGPU_PROTO_FATBIN_H

/*
 * The container of code for several architectures that CUDA's compilers write, as nvcc 11.8 to 13.0
 * do; it is not documented.  Little-endian.
 *
 *   header | entry | options, name | payload | entry | ... | payload
 *            `------ header_bytes -----'`- bytes -'
 *
 * Nothing in it is to be trusted: who reads it checks that each size and offset stays inside.
 */

#include <stdint.h>

#define VGPU_FATBIN_MAGIC 0xba55ed50u
/* Of the structure that programs hold, which points to a container. */
#define VGPU_FATBIN_WRAPPER_MAGIC 0x466243b1u

struct vgpu_fatbin_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t bytes; /* of all entries */
};

/* Kinds; there are others, as intermediate code for the linker (8). */
#define VGPU_FATBIN_PTX 1u
#define VGPU_FATBIN_ELF 2u

/* Flags: how the payload is packed. */
#define VGPU_FATBIN_LZ4    UINT64_C(0x2000)
#define VGPU_FATBIN_ZSTD   UINT64_C(0x8000)
#define VGPU_FATBIN_PACKED UINT64_C(0xf000) /* these two and forms that are not known */

/* Offsets count from the entry's start, and lead into its header. */
struct vgpu_fatbin_entry {
    uint16_t kind;
    uint16_t version;
    uint32_t header_bytes; /* this structure, and the texts behind it */
    uint64_t bytes;        /* of the payload, padded */
    uint32_t packed_bytes; /* of it, where it is packed */
    uint32_t options;      /* offset of a struct vgpu_fatbin_options; 0: none, not of PTX */
    uint16_t minor;        /* of the PTX version */
    uint16_t major;
    uint32_t arch;        /* 90: compute capability 9.0 */
    uint32_t name_offset; /* of the source's name; 0: none */
    uint32_t name_bytes;
    uint64_t flags;
    uint64_t reserved;
    uint64_t plain_bytes; /* of what is packed */
};

/* Where the text of the compiler's options is. */
struct vgpu_fatbin_options {
    uint32_t offset;
    uint32_t bytes;
};

#endif
