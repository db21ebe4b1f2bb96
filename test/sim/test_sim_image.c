/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <lz4.h>
#include <zstd.h>

/* Fat binaries: as nvcc writes them, and damaged in every way. */

#define LZ4  0x2000u
#define ZSTD 0x8000u
#define ROOM 8192

struct container {
    uint32_t magic;
    uint16_t version;
    uint16_t header_size;
    uint64_t size;
    struct {
        uint16_t kind;
        uint16_t attributes;
        uint32_t header_size;
        uint64_t size;
        uint32_t compressed_size;
        uint32_t unused;
        uint32_t version;
        uint32_t arch;
        uint64_t name;
        uint64_t flags;
        uint64_t unused_too;
        uint64_t text_size;
    } entry;
    char data[ROOM];
};

static CUresult load(const void *image)
{
    CUmodule m = NULL;
    CUresult cu = cuModuleLoadData(&m, image);

    if (cu == CUDA_SUCCESS) {
        OK(cuModuleUnload(m));
    }
    return cu;
}

/* A fat binary of one text. */
static void pack(struct container *c, const char *text, uint64_t form)
{
    size_t n = strlen(text) + 1;

    memset(c, 0, sizeof(*c));
    c->magic = 0xba55ed50;
    c->version = 1;
    c->header_size = 16;
    c->entry.kind = 1;
    c->entry.header_size = sizeof(c->entry);
    c->entry.arch = 75;
    c->entry.flags = form | 0x11;
    c->entry.text_size = n;
    if (form == LZ4) {
        c->entry.compressed_size = (uint32_t)LZ4_compress_default(text, c->data, (int)n, ROOM);
    } else {
        c->entry.compressed_size = (uint32_t)ZSTD_compress(c->data, ROOM, text, n, 3);
    }
    CHECK(c->entry.compressed_size != 0 && c->entry.compressed_size <= ROOM);
    c->entry.size = (c->entry.compressed_size + 7) / 8 * 8;
    c->size = sizeof(c->entry) + c->entry.size;
}

/* Made by nvcc 13 with --compress-mode=balance (its default) and =speed. */
static void test_files_of_nvcc_run(void **state)
{
    static const char *const files[] = {"vecadd.zstd.fatbin", "vecadd.lz4.fatbin"};
    float a[64];
    float sum[64];

    (void)state;
    for (int i = 0; i < 64; i++) {
        a[i] = (float)i;
    }
    for (int k = 0; k < 2; k++) {
        CUmodule m = sim_module(files[k]);
        CUdeviceptr p = sim_device(a, sizeof(a));
        CUdeviceptr out = sim_device(NULL, sizeof(a));
        int n = 64;

        sim_launch(sim_function(m, "vecadd"), 1, 64, 0, (void *[]){&p, &p, &out, &n});
        sim_fetch(sum, out, sizeof(sum));
        assert_true(sum[63] == 126.0f);
        OK(cuModuleUnload(m));
        OK(cuMemFree(p));
        OK(cuMemFree(out));
    }
}

static void test_lengths_are_checked(void **state)
{
    static struct container good;
    static struct container c;
    char *text = sim_ptx("vecadd.ptx");

    (void)state;
    for (uint64_t form = LZ4; form <= ZSTD; form *= 4) {
        pack(&good, text, form);
        OK(load(&good));
        c = good;
        c.entry.text_size = UINT64_MAX;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c.entry.text_size = (uint64_t)1 << 40; /* would not be there to be allocated */
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c.entry.text_size = 0;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c.entry.text_size = good.entry.text_size - 1;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c.entry.text_size = good.entry.text_size + 1;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c = good;
        c.entry.compressed_size = (uint32_t)c.entry.size + 1;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c.entry.compressed_size = UINT32_MAX;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c = good;
        c.entry.header_size = 8;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c.entry.header_size = UINT32_MAX;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c = good;
        c.entry.header_size = 56; /* without the members of compressed entries */
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        c = good;
        c.size = UINT64_MAX;
        FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
    }
    free(text);
}

static void test_unknown_form_is_refused(void **state)
{
    static struct container c;
    char *text = sim_ptx("vecadd.ptx");

    (void)state;
    pack(&c, text, ZSTD);
    c.entry.flags = 0x1011;
    FAILS(CUDA_ERROR_NO_BINARY_FOR_GPU, load(&c));
    c.entry.flags = 0xa011; /* both at once */
    FAILS(CUDA_ERROR_NO_BINARY_FOR_GPU, load(&c));
    free(text);
}

static void test_cut_data_is_refused(void **state)
{
    static struct container c;
    char *text = sim_ptx("vecadd.ptx");

    (void)state;
    for (uint64_t form = LZ4; form <= ZSTD; form *= 4) {
        uint32_t full;

        pack(&c, text, form);
        full = c.entry.compressed_size;
        for (uint32_t n = 0; n < full; n += n < 64 ? 1 : 13) {
            c.entry.compressed_size = n;
            FAILS(CUDA_ERROR_INVALID_IMAGE, load(&c));
        }
    }
    free(text);
}

/* What becomes of it is open, but the process lives and the next load works. */
static void test_damaged_data_ends_nothing(void **state)
{
    static struct container good;
    static struct container c;
    char *text = sim_ptx("vecadd.ptx");

    (void)state;
    for (uint64_t form = LZ4; form <= ZSTD; form *= 4) {
        pack(&good, text, form);
        for (int i = 0; i < 500; i++) {
            c = good;
            for (uint64_t k = sim_random() % 3; k != UINT64_MAX; k--) {
                uint64_t r = sim_random();

                c.data[r % c.entry.compressed_size] ^= (char)(1 << (r >> 32) % 8);
            }
            (void)load(&c);
        }
        OK(load(&good));
    }
    free(text);
}

static int begin(void **state)
{
    (void)state;
    (void)sim_context();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_of_nvcc_run),
        cmocka_unit_test(test_lengths_are_checked),
        cmocka_unit_test(test_unknown_form_is_refused),
        cmocka_unit_test(test_cut_data_is_refused),
        cmocka_unit_test(test_damaged_data_ends_nothing),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
