/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/handshake.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "guest/libcuda/export.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stub.h"

#define ROUNDS 18

/* RFC 1319, 3.2: a permutation made of the digits of pi. */
static const uint8_t pi_digits[256] = {
    41,  46,  67,  201, 162, 216, 124, 1,   61,  54,  84,  161, 236, 240, 6,   19,  98,  167, 5,
    243, 192, 199, 115, 140, 152, 147, 43,  217, 188, 76,  130, 202, 30,  155, 87,  60,  253, 212,
    224, 22,  103, 66,  111, 24,  138, 23,  229, 18,  190, 78,  196, 214, 218, 158, 222, 73,  160,
    251, 245, 142, 187, 47,  238, 122, 169, 104, 121, 145, 21,  178, 7,   63,  148, 194, 16,  137,
    11,  34,  95,  33,  128, 127, 93,  154, 90,  144, 50,  39,  53,  62,  204, 231, 191, 247, 151,
    3,   255, 25,  48,  179, 72,  165, 181, 209, 215, 94,  146, 42,  172, 86,  170, 198, 79,  184,
    56,  210, 150, 164, 125, 182, 118, 252, 107, 226, 156, 116, 4,   241, 69,  157, 112, 89,  100,
    113, 135, 32,  134, 91,  207, 101, 230, 45,  168, 2,   27,  96,  37,  173, 174, 176, 185, 246,
    28,  70,  97,  105, 52,  64,  126, 15,  85,  71,  163, 35,  221, 81,  175, 58,  195, 92,  249,
    206, 186, 197, 234, 38,  44,  83,  13,  110, 133, 40,  132, 9,   211, 223, 205, 244, 65,  129,
    77,  82,  106, 220, 55,  200, 108, 193, 171, 250, 36,  225, 123, 8,   12,  189, 177, 74,  120,
    136, 149, 139, 227, 99,  232, 109, 233, 203, 213, 254, 59,  0,   29,  57,  242, 239, 183, 14,
    102, 88,  208, 228, 166, 119, 114, 248, 235, 117, 75,  10,  49,  68,  80,  180, 143, 237, 31,
    26,  219, 153, 141, 51,  159, 17,  131, 20};

struct md2 {
    uint8_t state[GS_MD2_BYTES];
    uint8_t checksum[GS_MD2_BYTES];
    uint8_t block[GS_MD2_BYTES];
    size_t filled;
};

static void mix(uint8_t state[GS_MD2_BYTES], const uint8_t block[GS_MD2_BYTES])
{
    uint8_t x[3 * GS_MD2_BYTES];
    unsigned int t = 0;

    for (unsigned int i = 0; i < GS_MD2_BYTES; i++) {
        x[i] = state[i];
        x[GS_MD2_BYTES + i] = block[i];
        x[2 * GS_MD2_BYTES + i] = state[i] ^ block[i];
    }
    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (unsigned int i = 0; i < sizeof(x); i++) {
            x[i] ^= pi_digits[t];
            t = x[i];
        }
        t = (t + round) & 0xff;
    }
    memcpy(state, x, GS_MD2_BYTES);
}

static void md2_block(struct md2 *md)
{
    uint8_t last = md->checksum[GS_MD2_BYTES - 1];

    for (unsigned int i = 0; i < GS_MD2_BYTES; i++) {
        md->checksum[i] ^= pi_digits[md->block[i] ^ last];
        last = md->checksum[i];
    }
    mix(md->state, md->block);
    md->filled = 0;
}

static void md2_add(struct md2 *md, const void *text, size_t len)
{
    const uint8_t *bytes = text;

    for (size_t i = 0; i < len; i++) {
        md->block[md->filled++] = bytes[i];
        if (md->filled == GS_MD2_BYTES) {
            md2_block(md);
        }
    }
}

static void md2_end(struct md2 *md, uint8_t digest[GS_MD2_BYTES])
{
    size_t pad = GS_MD2_BYTES - md->filled;

    memset(md->block + md->filled, (int)pad, pad);
    md2_block(md);
    mix(md->state, md->checksum);
    memcpy(digest, md->state, GS_MD2_BYTES);
}

void gs_md2(const void *text, size_t len, uint8_t digest[GS_MD2_BYTES])
{
    struct md2 md = {.filled = 0};

    md2_add(&md, text, len);
    md2_end(&md, digest);
}

static void hmac_begin(struct md2 *md, const uint8_t key[GS_MD2_BYTES], uint8_t pad)
{
    memset(md, 0, sizeof(*md));
    for (unsigned int i = 0; i < GS_MD2_BYTES; i++) {
        uint8_t byte = key[i] ^ pad;

        md2_add(md, &byte, 1);
    }
}

static void hmac_end(struct md2 *inner, const uint8_t key[GS_MD2_BYTES],
                     uint8_t digest[GS_MD2_BYTES])
{
    struct md2 outer;

    md2_end(inner, digest);
    hmac_begin(&outer, key, 0x5c);
    md2_add(&outer, digest, GS_MD2_BYTES);
    md2_end(&outer, digest);
}

void gs_hmac_md2(const uint8_t key[GS_MD2_BYTES], const void *text, size_t len,
                 uint8_t digest[GS_MD2_BYTES])
{
    struct md2 inner;

    hmac_begin(&inner, key, 0x36);
    md2_add(&inner, text, len);
    hmac_end(&inner, key, digest);
}

static const uint8_t runtime_key[GS_MD2_BYTES] = {0x14, 0x6a, 0xdd, 0xae, 0x53, 0xa9, 0xa7, 0x52,
                                                  0xaa, 0x08, 0x41, 0x36, 0x0b, 0xf5, 0x5a, 0x9f};

struct facts {
    uint32_t driver;
    uint32_t version;
    uint32_t process;
    uint32_t thread;
    uint64_t runtime_table;
    uint64_t handshake_table;
    uint64_t function;
    uint64_t seconds;
};

static void add_devices(struct md2 *md)
{
    for (int i = 0; i < gs_device_count(); i++) {
        const struct gs_device *device = gs_device_find(i);
        int32_t place[3] = {
            gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, 0),
            gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, 0),
            gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, 0),
        };

        md2_add(md, device->facts.uuid, sizeof(device->facts.uuid));
        md2_add(md, place, sizeof(place));
    }
}

static void answer(uint32_t version, uint64_t seconds, uint8_t digest[GS_MD2_BYTES])
{
    const uintptr_t *table = gs_export_table(&gs_export_handshake_id);
    struct facts facts = {
        .driver = (uint32_t)gs_driver_version(),
        .version = version,
        .process = (uint32_t)getpid(),
        .thread = (uint32_t)(uintptr_t)pthread_self(),
        .runtime_table = (uintptr_t)gs_export_table(&gs_export_runtime_id),
        .handshake_table = (uintptr_t)table,
        .function = table[1],
        .seconds = seconds,
    };
    uint8_t text[sizeof(facts)];
    struct md2 inner;

    memcpy(text, &facts, sizeof(facts));
    hmac_begin(&inner, runtime_key, 0x36);
    md2_add(&inner, text, sizeof(text));
    add_devices(&inner);
    hmac_end(&inner, runtime_key, digest);
}

/* Asked three times by each copy of the runtime, with its version and the two numbers after it. */
static CUresult check(uint32_t version, uint64_t seconds, uint64_t out[2])
{
    if (out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (version % 10 < 2) {
        out[0] = version % 10 == 0 ? 0x3341181c03cb675cull : 0x1841181c03cb675cull;
        out[1] = 0x8ed383aa1f4cd1e8ull;
    } else {
        answer(version, seconds, (uint8_t *)out);
    }
    return CUDA_SUCCESS;
}

const struct gs_export_slot gs_export_handshake[] = {
    GS_EXPORT_SLOT(1, check),
    GS_EXPORT_END,
};
