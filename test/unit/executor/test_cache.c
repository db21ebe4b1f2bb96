/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does with what the cache gives it: the test is its broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_fixture.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/image_hash.h"
#include "executor/worker/exit_status.h"
#include "proto/cache.h"

#define ANSWER VGPU_RECORD_ANSWER
#define DATA   VGPU_CHANNEL_DATA_OFFSET
#define BIG    (VGPU_CACHE_BYTES_MIN + 100)

static struct fixture f;

static int start(void **state)
{
    (void)state;
    fixture_start(&f);
    f.cache = true;
    return fixture_attach(&f, FIXTURE_CANDIDATE, true);
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

/* Machine code of `size` bytes, as far as anyone looks. */
static uint8_t *image_of(size_t size)
{
    uint8_t *image = malloc(size);
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                         .e_machine = 190};

    assert_non_null(image);
    memset(image, 'x', size);
    memcpy(image, &header, size < sizeof(header) ? size : sizeof(header));
    return image;
}

static void give(uint32_t state, uint64_t bytes, int fd)
{
    Vgpu__CacheAnswer answer = VGPU__CACHE_ANSWER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    answer.state = state;
    answer.bytes = bytes;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_ANSWER;
    frame.cache_answer = &answer;
    assert_int_equal(vgpu_frame_socket_send(&f.socket, &frame, &fd, fd >= 0), 0);
}

/* Memory with these bytes, as the broker would keep it. */
static int memory_of(const uint8_t *bytes, size_t size, uint64_t fd_bytes, int seals)
{
    int fd = memfd_create("code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)fd_bytes), 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), size);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void expect_ask(const uint8_t *key, uint64_t room)
{
    const Vgpu__CacheAsk *ask = fixture_frame(&f, VGPU__FRAME__KIND_CACHE_ASK)->cache_ask;

    assert_int_equal(ask->key.len, VGPU_CACHE_KEY_BYTES);
    assert_memory_equal(ask->key.data, key, VGPU_CACHE_KEY_BYTES);
    assert_int_equal(ask->room, room);
}

static void expect_wrong(const char *reason)
{
    assert_string_equal(fixture_frame(&f, VGPU__FRAME__KIND_CACHE_WRONG)->cache_wrong->reason,
                        reason);
}

/* Has a module loaded by its hash, and answers the worker's question so. */
static void ask_for(const uint8_t *image, size_t size, uint8_t *key, int fd)
{
    vgpu_image_hash(image, size, key);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_size = size, .key = key,
         .key_len = VGPU_CACHE_KEY_BYTES);
    expect_ask(key, 0);
    give(fd >= 0 ? 1 : 0, size, fd);
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void expect_missing(void)
{
    static uint8_t ret[VGPU_RECORD_BYTES_MAX];
    struct vgpu_ret_cuModuleLoadDataEx loaded;

    assert_int_equal(fixture_answer(&f, NULL, ret, sizeof(ret)), CUDA_ERROR_NOT_FOUND);
    memcpy(&loaded.missing, ret + 16, sizeof(loaded.missing));
    assert_int_equal(loaded.missing, 1);
    assert_int_equal(fake_calls(FAKE_cuModuleLoadDataEx), 0);
}

static void test_what_is_found_is_loaded(void **state)
{
    uint8_t *image = image_of(BIG);
    uint8_t key[VGPU_SHA256_BYTES];

    (void)state;
    ask_for(image, BIG, key, memory_of(image, BIG, vgpu_cache_fd_bytes(BIG), VGPU_CACHE_SEALS));
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(fake_calls(FAKE_cuModuleLoadDataEx), 1);
    free(image);
}

/* Asks for a size, answers the worker's question with a state, and a descriptor or -1. */
static uint32_t known_when(uint32_t answer, int fd)
{
    static uint8_t ret[VGPU_RECORD_BYTES_MAX];
    const Vgpu__CacheAsk *ask;
    uint32_t known;

    SEND(&f, vgpuImageKnown, ANSWER, .image_size = BIG);
    ask = fixture_frame(&f, VGPU__FRAME__KIND_CACHE_ASK)->cache_ask;
    assert_int_equal(ask->key.len, 0);
    assert_int_equal(ask->room, BIG);
    give(answer, BIG, fd);
    assert_int_equal(fixture_answer(&f, NULL, ret, sizeof(ret)), 0);
    memcpy(&known, ret, sizeof(known));
    return known;
}

static void test_a_size_is_known(void **state)
{
    uint8_t *image = image_of(BIG);
    uint8_t key[VGPU_SHA256_BYTES];
    int fd = memory_of(image, BIG, vgpu_cache_fd_bytes(BIG), VGPU_CACHE_SEALS);

    (void)state;
    assert_int_equal(known_when(3, -1), 1);
    assert_int_equal(known_when(0, -1), 0);
    assert_int_equal(known_when(1, fd), 0); /* no answer to this question */
    (void)close(fd);
    vgpu_image_hash(image, BIG, key);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_size = BIG, .key = key,
         .key_len = VGPU_CACHE_KEY_BYTES);
    expect_ask(key, 0);
    give(3, BIG, -1);
    expect_missing();
    free(image);
}

static void test_nothing_is_missing(void **state)
{
    uint8_t *image = image_of(BIG);
    uint8_t key[VGPU_SHA256_BYTES];

    (void)state;
    ask_for(image, BIG, key, -1);
    expect_missing();
    free(image);
}

/* Whoever filed it: other content, another size, memory that can still change. */
static void test_what_is_wrong_is_not_used(void **state)
{
    static const struct {
        const char *reason;
        size_t changed;
        uint64_t more;
        int seals;
    } cases[] = {
        {"its hash", 99, 0, VGPU_CACHE_SEALS},
        {"its hash", BIG - 1, 0, VGPU_CACHE_SEALS},
        {"its size", 0, 4096, VGPU_CACHE_SEALS},
        {"its seals", 0, 0, F_SEAL_SHRINK | F_SEAL_GROW},
        {"its seals", 0, 0, F_SEAL_WRITE | F_SEAL_GROW},
        {"no NUL behind it", BIG, 0, VGPU_CACHE_SEALS},
    };
    uint8_t key[VGPU_SHA256_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t *image = image_of(BIG + 1);
        uint8_t *other = image_of(BIG + 1);

        other[BIG] = '\0';
        if (cases[i].changed > 0) {
            other[cases[i].changed] ^= 1;
        }
        ask_for(
            image, BIG, key,
            memory_of(other, BIG + 1, vgpu_cache_fd_bytes(BIG) + cases[i].more, cases[i].seals));
        expect_wrong(cases[i].reason);
        expect_missing();
        free(image);
        free(other);
    }
}

/* The guest asked for what that hash names, as long as it is of the size that it says. */
static void test_another_size_is_missing(void **state)
{
    uint8_t *image = image_of(BIG);
    uint8_t key[VGPU_SHA256_BYTES];
    int fd = memory_of(image, BIG, vgpu_cache_fd_bytes(BIG), VGPU_CACHE_SEALS);

    (void)state;
    vgpu_image_hash(image, BIG, key);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_size = BIG + 1, .key = key,
         .key_len = VGPU_CACHE_KEY_BYTES);
    expect_ask(key, 0);
    give(1, BIG, fd);
    expect_missing();
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_size = BIG, .key = key, .key_len = 31);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
    (void)close(fd);
    free(image);
}

/* It hashes its own copy, whatever is in the window by then, and files that. */
static void test_what_was_sent_is_filed(void **state)
{
    uint8_t *image = image_of(BIG);
    uint8_t key[VGPU_SHA256_BYTES];
    int fd = memfd_create("code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint8_t *filed;

    (void)state;
    assert_int_equal(ftruncate(fd, (off_t)vgpu_cache_fd_bytes(BIG)), 0);
    vgpu_image_hash(image, BIG, key);
    memcpy(f.channel + DATA, image, BIG);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = BIG);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    memset(f.channel + DATA, 'z', BIG);
    expect_ask(key, BIG);
    give(2, BIG, fd);
    assert_true(fixture_frame(&f, VGPU__FRAME__KIND_CACHE_FILE)->cache_file->filled);
    assert_true((fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) != 0);
    filed = mmap(NULL, BIG, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(filed != MAP_FAILED);
    assert_memory_equal(filed, image, BIG);
    (void)munmap(filed, BIG);
    (void)close(fd);
    free(image);
}

static void test_room_of_another_size_is_given_back(void **state)
{
    uint8_t *image = image_of(BIG);
    uint8_t key[VGPU_SHA256_BYTES];
    int fd = memory_of(image, 1, 4096, F_SEAL_GROW);

    (void)state;
    vgpu_image_hash(image, BIG, key);
    memcpy(f.channel + DATA, image, BIG);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = BIG);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    expect_ask(key, BIG);
    give(2, BIG, fd);
    assert_false(fixture_frame(&f, VGPU__FRAME__KIND_CACHE_FILE)->cache_file->filled);
    (void)close(fd);
    free(image);
}

static void test_small_and_refused_images_are_not_filed(void **state)
{
    uint8_t *image = image_of(BIG);

    (void)state;
    memcpy(f.channel + DATA, image, BIG);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA,
         .image_size = VGPU_CACHE_BYTES_MIN - 1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    fake_answer(FAKE_cuModuleLoadDataEx, CUDA_ERROR_INVALID_PTX);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = BIG);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_INVALID_PTX);
    SEND(&f, cuMemGetInfo_v2, ANSWER); /* nothing came between */
    (void)fixture_answer(&f, NULL, NULL, 0);
    free(image);
}

static void test_an_answer_unasked_ends_the_session(void **state)
{
    (void)state;
    give(0, 0, -1);
    assert_int_equal(fixture_wait(&f), EX_EXIT_BROKEN);
}

/* ---- text ------------------------------------------------------------------- */

static const char text[] = ".version 6.4";

static void load_text(uint32_t info_log)
{
    memcpy(f.channel + DATA, text, sizeof(text));
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = sizeof(text),
         .info_log_size = info_log);
}

/* The key that the worker asks for. */
static void take_key(uint8_t *key, uint64_t room)
{
    const Vgpu__CacheAsk *ask = fixture_frame(&f, VGPU__FRAME__KIND_CACHE_ASK)->cache_ask;

    assert_int_equal(ask->key.len, VGPU_CACHE_KEY_BYTES);
    assert_int_equal(ask->room, room);
    memcpy(key, ask->key.data, VGPU_CACHE_KEY_BYTES);
}

static void test_text_is_compiled_and_filed(void **state)
{
    uint8_t key[VGPU_CACHE_KEY_BYTES];
    char code[sizeof(FAKE_CODE)];
    int fd = memfd_create("code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    (void)state;
    assert_int_equal(ftruncate(fd, (off_t)vgpu_cache_fd_bytes(sizeof(code))), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    load_text(0);
    take_key(key, 0);
    give(0, 0, -1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    expect_ask(key, sizeof(code));
    give(2, sizeof(code), fd);
    assert_true(fixture_frame(&f, VGPU__FRAME__KIND_CACHE_FILE)->cache_file->filled);
    assert_int_equal(pread(fd, code, sizeof(code), 0), sizeof(code));
    assert_string_equal(code, FAKE_CODE);
    assert_string_equal(fake->loaded, FAKE_CODE);
    assert_int_equal(fake_calls(FAKE_cuLinkDestroy), 1);
    load_text(0);
    expect_ask(key, 0); /* the same text, the same key */
    give(1, sizeof(code), fd);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_int_equal(fake_calls(FAKE_cuLinkCreate), 1);
    assert_int_equal(fake_calls(FAKE_cuModuleLoadDataEx), 2);
    (void)close(fd);
}

static void test_options_are_part_of_the_key(void **state)
{
    const uint32_t option[4] = {CU_JIT_OPTIMIZATION_LEVEL, 0, 2, 0};
    uint8_t key[VGPU_CACHE_KEY_BYTES];
    uint8_t other[VGPU_CACHE_KEY_BYTES];

    (void)state;
    fake_answer(FAKE_cuLinkCreate, CUDA_ERROR_NOT_SUPPORTED);
    load_text(0);
    take_key(key, 0);
    give(0, 0, -1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_offset = DATA, .image_size = sizeof(text),
         .options = (const uint8_t *)option, .options_len = sizeof(option));
    take_key(other, 0);
    give(0, 0, -1);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_memory_not_equal(key, other, sizeof(key));
}

/* Then the driver is given the text itself, and says what is wrong; nothing is filed. */
static void test_text_that_does_not_compile(void **state)
{
    static const enum fake_call steps[] = {FAKE_cuLinkCreate, FAKE_cuLinkAddData,
                                           FAKE_cuLinkComplete};
    uint8_t key[VGPU_CACHE_KEY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        fake_answer(steps[i], CUDA_ERROR_INVALID_PTX);
        fake_answer(FAKE_cuModuleLoadDataEx, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
        load_text(0);
        take_key(key, 0);
        give(0, 0, -1);
        assert_int_equal(fixture_answer(&f, NULL, NULL, 0), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
        assert_string_equal(fake->loaded, text);
        fake_answer(steps[i], 0);
    }
    assert_int_equal(fake_calls(FAKE_cuLinkDestroy), 2);
}

static void test_code_that_is_none_is_not_used(void **state)
{
    static const uint8_t junk[] = {1, 2, 3};
    uint8_t key[VGPU_CACHE_KEY_BYTES];
    int fd = memory_of(junk, sizeof(junk), vgpu_cache_fd_bytes(sizeof(junk)), VGPU_CACHE_SEALS);

    (void)state;
    load_text(0);
    take_key(key, 0);
    give(1, sizeof(junk), fd);
    expect_wrong("no code that the driver takes");
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_string_equal(fake->loaded, FAKE_CODE);
    (void)close(fd);
}

static void test_a_log_is_the_compilers(void **state)
{
    (void)state;
    load_text(100);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    assert_string_equal(fake->loaded, text);
    assert_int_equal(fake_calls(FAKE_cuLinkCreate), 0);
}

#define ATTACHED(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACHED(test_what_is_found_is_loaded),
        ATTACHED(test_a_size_is_known),
        ATTACHED(test_nothing_is_missing),
        ATTACHED(test_what_is_wrong_is_not_used),
        ATTACHED(test_another_size_is_missing),
        ATTACHED(test_what_was_sent_is_filed),
        ATTACHED(test_room_of_another_size_is_given_back),
        ATTACHED(test_small_and_refused_images_are_not_filed),
        ATTACHED(test_an_answer_unasked_ends_the_session),
        ATTACHED(test_text_is_compiled_and_filed),
        ATTACHED(test_options_are_part_of_the_key),
        ATTACHED(test_text_that_does_not_compile),
        ATTACHED(test_code_that_is_none_is_not_used),
        ATTACHED(test_a_log_is_the_compilers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
