/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fat binaries cut off, and with bits flipped, plain and packed.  The vendor's driver follows the
 * sizes and offsets in them, and ends its process with some, so only vgpu is asked.
 */
#include "test/conformance/bad_image.h"

#include <string.h>

#include "test/conformance/conf.h"
#include "test/conformance/fat_image.h"
#include "test/conformance/fat_packed.h"

/* In a fat image: the upper bytes of the container's size; its only entry; that one's payload. */
#define SIZE_FROM    10u
#define SIZE_UNTIL   16u
#define ENTRY_FROM   16u
#define PAYLOAD_FROM 96u

static void lay(const unsigned char *image, size_t bytes)
{
    memset(bad_image_room, 0, sizeof(bad_image_room));
    memcpy(bad_image_room, image, bytes);
}

static void flip(size_t at, unsigned int bit)
{
    bad_image_room[at] = (unsigned char)(bad_image_room[at] ^ (1u << bit));
}

static void fat(size_t bytes)
{
    CUmodule module = NULL;

    conf_context();
    lay(fat_image, bytes);
    CONF_FAILS(cuModuleLoadFatBinary(&module, bad_image_room));
    bad_image_harmless();
}

#define FAT_CUT(bytes)                                                                             \
    CONF_OURS(cuModuleLoadFatBinary, cut_to_##bytes)                                               \
    {                                                                                              \
        fat(bytes);                                                                                \
    }

FAT_CUT(3)
FAT_CUT(4)
FAT_CUT(8)
FAT_CUT(15)
FAT_CUT(16)
FAT_CUT(20)
FAT_CUT(48)
FAT_CUT(96)
FAT_CUT(112)
FAT_CUT(165)

/* Each bit of the entry's header by itself. */
CONF_OURS(cuModuleLoadFatBinary, each_bit_of_an_entry)
{
    unsigned int unexpected = 0;

    conf_context();
    for (size_t at = ENTRY_FROM; at < PAYLOAD_FROM; at++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            lay(fat_image, sizeof(fat_image));
            flip(at, bit);
            bad_image_try(bad_image_room, &unexpected);
        }
    }
    CONF_EXPECT(unexpected == 0);
    bad_image_harmless();
}

/* Up to four bits of the image. */
static void flip_some(const char *what, const unsigned char *image, size_t bytes)
{
    unsigned int state = bad_image_seed(what), unexpected = 0;

    conf_context();
    for (unsigned int i = 0; i < BAD_IMAGE_ROUNDS; i++) {
        lay(image, bytes);
        for (unsigned int k = bad_image_next(&state) % 4; k < 4; k++) {
            size_t at = 4 + bad_image_next(&state) % (bytes - 4);

            /* Not the upper bytes of the size: whoever vouches for that much must have it. */
            if (at < SIZE_FROM || at >= SIZE_UNTIL) {
                flip(at, bad_image_next(&state) % 8);
            }
        }
        bad_image_try(bad_image_room, &unexpected);
    }
    CONF_EXPECT(unexpected == 0);
    bad_image_harmless();
}

CONF_OURS(cuModuleLoadFatBinary, flipped_bits)
{
    flip_some("flipped bits in a fat binary", fat_image, sizeof(fat_image));
}

CONF_OURS(cuModuleLoadFatBinary, flipped_bits_of_lz4)
{
    flip_some("flipped bits in a fat binary with LZ4", fat_lz4_image, sizeof(fat_lz4_image));
}

CONF_OURS(cuModuleLoadFatBinary, flipped_bits_of_zstd)
{
    flip_some("flipped bits in a fat binary with zstd", fat_zstd_image, sizeof(fat_zstd_image));
}
