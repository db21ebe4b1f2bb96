/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Text and cubins cut off at every kind of place, and with bits flipped.  Of cubins whose header is
 * flipped the vendor's driver promises nothing, so only vgpu is asked.
 */
#include "test/conformance/bad_image.h"

#include <stdlib.h>
#include <string.h>

#include "test/conformance/conf.h"

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
        bad_image_harmless();                                                                      \
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

static void elf(size_t bytes)
{
    static const unsigned char header[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0x33, 7,  0,
                                             0,    0,   0,   0,   0, 0, 2, 0,    190};
    CUmodule module = NULL;
    CUresult cu;

    conf_context();
    memset(bad_image_room, 0, sizeof(bad_image_room));
    memcpy(bad_image_room, header, bytes);
    cu = drv.cuModuleLoadData(&module, bad_image_room);
    CONF_EXPECT(cu != CUDA_SUCCESS);
    CONF_VALUE(cu);
    bad_image_harmless();
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

CONF_NEGATIVE(cuModuleLoadData, flipped_bits_in_text)
{
    unsigned int state = bad_image_seed("flipped bits in text"), unexpected = 0;
    size_t length = strlen(conf_ptx());

    conf_context();
    for (unsigned int i = 0; i < BAD_IMAGE_ROUNDS / 4; i++) {
        char *text = (char *)bad_image_room;

        if (length >= sizeof(bad_image_room)) {
            conf_skip("the text is too long");
        }
        memcpy(text, conf_ptx(), length + 1);
        for (unsigned int k = bad_image_next(&state) % 4; k < 4; k++) {
            size_t at = bad_image_next(&state) % length;
            char flipped = (char)(text[at] ^ (1 << bad_image_next(&state) % 7));

            text[at] = flipped != '\0' ? flipped : ' ';
        }
        bad_image_try(text, &unexpected);
    }
    CONF_EXPECT(unexpected == 0);
    bad_image_harmless();
}

/* Tables begin behind the header and end within the room: who gives an image vouches for it. */
static void keep_tables_in_sight(void)
{
    bad_image_room[32] |= 64;
    bad_image_room[40] |= 64;
    memset(bad_image_room + 33, 0, 7);
    memset(bad_image_room + 41, 0, 7);
    bad_image_room[55] = bad_image_room[57] = bad_image_room[59] = bad_image_room[61] = 0;
}

CONF_OURS(cuModuleLoadData, flipped_bits_in_an_elf_header)
{
    unsigned int state = bad_image_seed("flipped bits in an ELF header"), unexpected = 0;

    conf_context();
    for (unsigned int i = 0; i < BAD_IMAGE_ROUNDS; i++) {
        memset(bad_image_room, 0, sizeof(bad_image_room));
        memcpy(bad_image_room, "\177ELF\2\1\1\63\7", 9);
        bad_image_room[18] = 190;
        for (unsigned int k = 0; k < 24; k++) {
            bad_image_room[16 + bad_image_next(&state) % 48] =
                (unsigned char)bad_image_next(&state);
        }
        keep_tables_in_sight();
        bad_image_try(bad_image_room, &unexpected);
    }
    CONF_EXPECT(unexpected == 0);
    bad_image_harmless();
}
