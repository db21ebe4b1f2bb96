/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/image_pick.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/libcuda/image.h"
#include "test/unit/guest/test.h"

#define PTX 1
#define ELF 2

/* A fat binary that is being written. */
struct fatbin {
    uint8_t *bytes;
    size_t used;
};

static void put(struct fatbin *f, const void *bytes, size_t size)
{
    memcpy(f->bytes + f->used, bytes, size);
    f->used += size;
}

static void begin(struct fatbin *f, void *room)
{
    const uint32_t header[4] = {0xba55ed50, 16 << 16 | 1, 0, 0};

    f->bytes = room;
    f->used = 0;
    put(f, header, sizeof(header));
}

static void add(struct fatbin *f, uint16_t kind, uint32_t arch, char fill, size_t size)
{
    uint32_t entry[16] = {kind, 64, (uint32_t)size, 0, 0, 0, 0, arch};
    uint64_t all;

    put(f, entry, sizeof(entry));
    memset(f->bytes + f->used, fill, size);
    f->used += size;
    all = f->used - 16;
    memcpy(f->bytes + 8, &all, sizeof(all));
}

static bool note(void *arg, const uint8_t *bytes, size_t size)
{
    char **at = arg;

    /* Payloads only: a letter for each entry. */
    if (size > 64) {
        *(*at)++ = (char)bytes[64];
    }
    return true;
}

/* The payloads that are kept, in order. */
static const char *kept(const struct fatbin *f, unsigned int count, uint32_t first, uint32_t second)
{
    static char letters[16];
    struct gs_targets targets = {.count = count, .capability = {first, second}};
    struct gs_pick pick;
    char *at = letters;

    memset(letters, 0, sizeof(letters));
    assert_int_equal(gs_pick_plan(&pick, f->bytes, f->used, &targets), CUDA_SUCCESS);
    assert_true(gs_pick_each(&pick, note, &at));
    return letters;
}

static void test_what_a_device_uses_is_kept(void **state)
{
    uint8_t room[1536];
    struct fatbin f;

    (void)state;
    begin(&f, room);
    add(&f, ELF, 70, 'a', 80);
    add(&f, ELF, 80, 'b', 80);
    add(&f, ELF, 86, 'c', 80);
    add(&f, ELF, 90, 'd', 80);
    add(&f, PTX, 70, 'e', 80);
    add(&f, PTX, 90, 'f', 80);
    add(&f, PTX, 120, 'g', 80);
    assert_string_equal(kept(&f, 1, 90, 0), "df");
    assert_string_equal(kept(&f, 1, 80, 0), "be");
    assert_string_equal(kept(&f, 1, 86, 0), "bce");
    assert_string_equal(kept(&f, 1, 75, 0), "ae");
    assert_string_equal(kept(&f, 2, 70, 90), "adef");
    assert_string_equal(kept(&f, 1, 120, 0), "g");
    add(&f, 9, 50, 'h', 80); /* who knows what it is for */
    assert_string_equal(kept(&f, 1, 90, 0), "dfh");
}

static void test_the_smallest_stays_where_nothing_fits(void **state)
{
    uint8_t room[1536];
    struct fatbin f;

    (void)state;
    begin(&f, room);
    add(&f, ELF, 70, 'a', 160);
    add(&f, ELF, 80, 'b', 80);
    add(&f, PTX, 120, 'c', 160);
    assert_string_equal(kept(&f, 1, 90, 0), "b");
}

static void test_the_result_is_a_fat_binary(void **state)
{
    const struct gs_targets targets = {.count = 1, .capability = {90}};
    uint8_t room[1536];
    uint8_t copy[1024];
    struct gs_pick pick;
    const void *start;
    struct fatbin f;
    size_t size;

    (void)state;
    begin(&f, room);
    add(&f, ELF, 80, 'a', 320);
    add(&f, ELF, 90, 'b', 160);
    assert_int_equal(gs_pick_plan(&pick, f.bytes, f.used, &targets), CUDA_SUCCESS);
    assert_int_equal(pick.bytes, 16 + 64 + 160);
    assert_int_equal(gs_pick_copy(&pick, copy), CUDA_SUCCESS);
    assert_int_equal(gs_image_find(copy, pick.bytes, &start, &size), CUDA_SUCCESS);
    assert_int_equal(size, pick.bytes);
    assert_memory_equal(copy + 16, f.bytes + 16 + 64 + 320, 64 + 160);
    assert_true(gs_image_runs(copy, size, &targets));
    f.bytes[16 + 64 + 320 + 28] = 80; /* the program changes it meanwhile */
    assert_int_equal(gs_pick_copy(&pick, copy), CUDA_ERROR_INVALID_IMAGE);
    assert_false(gs_image_runs(f.bytes, f.used, &targets));
}

static void test_what_does_not_fit_travels_whole(void **state)
{
    const struct gs_targets targets = {.count = 1, .capability = {90}};
    static const char text[] = ".version 7.0\n.target sm_70\n";
    uint8_t room[1536];
    struct gs_pick pick;
    struct fatbin f;

    (void)state;
    begin(&f, room);
    assert_int_equal(gs_pick_plan(&pick, f.bytes, f.used, &targets), CUDA_SUCCESS);
    assert_true(pick.whole);
    add(&f, ELF, 80, 'a', 80);
    add(&f, ELF, 90, 'b', 80);
    f.bytes[16 + 64 + 80 + 4] = 255; /* the second entry's header */
    assert_int_equal(gs_pick_plan(&pick, f.bytes, f.used, &targets), CUDA_SUCCESS);
    assert_true(pick.whole);
    assert_int_equal(pick.bytes, f.used);
    assert_int_equal(gs_pick_plan(&pick, text, sizeof(text), &targets), CUDA_SUCCESS);
    assert_int_equal(pick.bytes, sizeof(text));
    assert_int_equal(gs_pick_plan(&pick, text, VGPU_MODULE_BYTES_MAX + 1, &targets),
                     CUDA_ERROR_INVALID_IMAGE);
}

/* A library of 2 GiB, of which only the heads and 1 MiB are touched. */
static void test_the_rest_is_not_read(void **state)
{
    const size_t each = (size_t)1 << 30;
    const struct gs_targets targets = {.count = 1, .capability = {90}};
    uint8_t *room = mmap(NULL, 2 * each + (4 << 20), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint32_t big[16] = {ELF, 64, (uint32_t)(each - 64), 0, 0, 0, 0, 80};
    uint32_t small[16] = {ELF, 64, 1 << 20, 0, 0, 0, 0, 90};
    uint64_t all = 2 * each + sizeof(small) + (1 << 20);
    struct gs_pick pick;
    const void *start;
    struct fatbin f;
    uint8_t *copy;
    size_t size;

    (void)state;
    assert_ptr_not_equal(room, MAP_FAILED);
    begin(&f, room);
    memcpy(room + 16, big, sizeof(big));
    memcpy(room + 16 + each, big, sizeof(big));
    memcpy(room + 16 + 2 * each, small, sizeof(small));
    memcpy(room + 8, &all, sizeof(all));
    assert_int_equal(mprotect(room + 4096, each - 4096, PROT_NONE), 0);
    assert_int_equal(mprotect(room + each + 4096, each - 4096, PROT_NONE), 0);
    assert_int_equal(gs_image_find(room, SIZE_MAX, &start, &size), CUDA_SUCCESS);
    assert_int_equal(gs_pick_plan(&pick, start, size, &targets), CUDA_SUCCESS);
    assert_int_equal(pick.bytes, 16 + 64 + (1 << 20));
    copy = malloc(pick.bytes);
    assert_non_null(copy);
    assert_int_equal(gs_pick_copy(&pick, copy), CUDA_SUCCESS);
    free(copy);
    (void)munmap(room, 2 * each + (4 << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_device_uses_is_kept),
        cmocka_unit_test(test_the_smallest_stays_where_nothing_fits),
        cmocka_unit_test(test_the_result_is_a_fat_binary),
        cmocka_unit_test(test_what_does_not_fit_travels_whole),
        cmocka_unit_test(test_the_rest_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
