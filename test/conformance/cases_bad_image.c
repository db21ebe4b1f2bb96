/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Images cut off at every kind of place, and with bits flipped.  Text is asked everywhere.  Of
 * binaries with lying sizes the vendor's driver promises nothing, so only vgpu is asked.
 */
#include "test/conformance/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/conformance/fat_image.h"

static void stays_usable(void)
{
    CUmodule module = NULL;
    CUfunction f = NULL;

    CONF_OK(cuModuleLoadData(&module, conf_ptx()));
    CONF_OK(cuModuleGetFunction(&f, module, "noop"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

/* The text up to a place, and a NUL; static, so that a leak checker is content. */
static const char *prefix(size_t bytes)
{
    static char *text;

    text = calloc(1, strlen(conf_ptx()) + 1);
    if (!text) {
        conf_skip("no host memory");
    }
    memcpy(text, conf_ptx(), bytes);
    return text;
}

static size_t place_of(const char *word, size_t more)
{
    return (size_t)(strstr(conf_ptx(), word) - conf_ptx()) + more;
}

#define CUT(name, bytes)                                                                           \
    CONF_NEGATIVE(cuModuleLoadData, cut_##name)                                                    \
    {                                                                                              \
        CUmodule module = NULL;                                                                    \
                                                                                                   \
        conf_context();                                                                            \
        CONF_EITHER(cuModuleLoadData(&module, prefix(bytes)), CUDA_ERROR_INVALID_PTX,              \
                    CUDA_ERROR_INVALID_IMAGE);                                                     \
        stays_usable();                                                                            \
    }

CUT(to_one_byte, 1)
CUT(to_two_bytes, 2)
CUT(to_three_bytes, 3)
CUT(inside_version, place_of(".version", 4))
CUT(behind_version, place_of(".version", 8))
CUT(inside_target, place_of(".target", 3))
CUT(behind_entry, place_of(".entry", 6))
CUT(inside_a_name, place_of(".entry", 9))
CUT(inside_parameters, place_of(".param", 4))
CUT(inside_a_body, place_of("ret;", 0))
CUT(before_a_semicolon, place_of("ret;", 3))
CUT(before_the_last_brace, (size_t)(strrchr(conf_ptx(), '}') - conf_ptx()))

/* Room behind each image: who reads further finds zeros. */
static unsigned char room[1 << 16] __attribute__((aligned(64)));

static void elf(size_t bytes)
{
    static const unsigned char header[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0x33, 7,  0,
                                             0,    0,   0,   0,   0, 0, 2, 0,    190};
    CUmodule module = NULL;
    CUresult cu;

    conf_context();
    memset(room, 0, sizeof(room));
    memcpy(room, header, bytes);
    cu = drv.cuModuleLoadData(&module, room);
    CONF_EXPECT(cu != CUDA_SUCCESS);
    CONF_VALUE(cu);
    stays_usable();
}

#define ELF_CUT(bytes)                                                                             \
    CONF_NEGATIVE(cuModuleLoadData, elf_header_cut_to_##bytes)                                     \
    {                                                                                              \
        elf(bytes);                                                                                \
    }

ELF_CUT(1)
ELF_CUT(4)
ELF_CUT(5)
ELF_CUT(16)
ELF_CUT(20)
ELF_CUT(63)
ELF_CUT(64)

static void fat(size_t bytes)
{
    CUmodule module = NULL;

    conf_context();
    memset(room, 0, sizeof(room));
    memcpy(room, fat_image, bytes);
    CONF_FAILS(cuModuleLoadFatBinary(&module, room));
    stays_usable();
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

/* Bit flips: another seed each time, printed so that it can be given again. */
#define ROUNDS 200u

static unsigned int seed_of(const char *what)
{
    const char *given = getenv("VGPU_TEST_SEED");
    unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL);

    fprintf(stderr, "%s: VGPU_TEST_SEED=%u\n", what, seed);
    return seed;
}

static unsigned int next(unsigned int *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Loads, whatever comes of it; what loads is unloaded. */
static void load_and_forget(const void *image, unsigned int *unexpected)
{
    CUmodule module = NULL;
    CUresult cu = drv.cuModuleLoadData(&module, image);

    if (cu == CUDA_SUCCESS) {
        cu = drv.cuModuleUnload(module);
        *unexpected += cu != CUDA_SUCCESS;
    }
    *unexpected += cu == CUDA_ERROR_LAUNCH_FAILED || cu == CUDA_ERROR_UNKNOWN;
}

CONF_NEGATIVE(cuModuleLoadData, flipped_bits_in_text)
{
    unsigned int state = seed_of("flipped bits in text"), unexpected = 0;
    size_t length = strlen(conf_ptx());

    conf_context();
    for (unsigned int i = 0; i < ROUNDS / 4; i++) {
        char *text = (char *)room;

        if (length >= sizeof(room)) {
            conf_skip("the text is too long");
        }
        memcpy(text, conf_ptx(), length + 1);
        for (unsigned int k = next(&state) % 4; k < 4; k++) {
            size_t at = next(&state) % length;
            char flipped = (char)(text[at] ^ (1 << next(&state) % 7));

            text[at] = flipped != '\0' ? flipped : ' ';
        }
        load_and_forget(text, &unexpected);
    }
    CONF_EXPECT(unexpected == 0);
    stays_usable();
}

CONF_OURS(cuModuleLoadFatBinary, flipped_bits)
{
    unsigned int state = seed_of("flipped bits in a fat binary"), unexpected = 0;

    conf_context();
    for (unsigned int i = 0; i < ROUNDS; i++) {
        memset(room, 0, sizeof(room));
        memcpy(room, fat_image, sizeof(fat_image));
        for (unsigned int k = next(&state) % 4; k < 4; k++) {
            size_t at = 4 + next(&state) % (sizeof(fat_image) - 4);

            /* Not the upper bytes of the size: whoever vouches for that much must have it. */
            if (at < 10 || at > 15) {
                room[at] = (unsigned char)(room[at] ^ (1u << next(&state) % 8));
            }
        }
        load_and_forget(room, &unexpected);
    }
    CONF_EXPECT(unexpected == 0);
    stays_usable();
}

/* Tables begin behind the header and end within the room: who gives an image vouches for it. */
static void keep_tables_in_sight(void)
{
    room[32] |= 64;
    room[40] |= 64;
    memset(room + 33, 0, 7);
    memset(room + 41, 0, 7);
    room[55] = room[57] = room[59] = room[61] = 0;
}

CONF_OURS(cuModuleLoadData, flipped_bits_in_an_elf_header)
{
    unsigned int state = seed_of("flipped bits in an ELF header"), unexpected = 0;

    conf_context();
    for (unsigned int i = 0; i < ROUNDS; i++) {
        memset(room, 0, sizeof(room));
        memcpy(room, "\177ELF\2\1\1\63\7", 9);
        room[18] = 190;
        for (unsigned int k = 0; k < 24; k++) {
            room[16 + next(&state) % 48] = (unsigned char)next(&state);
        }
        keep_tables_in_sight();
        load_and_forget(room, &unexpected);
    }
    CONF_EXPECT(unexpected == 0);
    stays_usable();
}
