/* SPDX-License-Identifier: Apache-2.0 */
/* Cached code: bounds, who sees what, and workers that do not keep to the rules. */
#include "fake_vm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/cache.h"

#define MIB ((uint64_t)1 << 20)

/* A key that is told from others by one byte. */
static const uint8_t *key_of(uint8_t name)
{
    static uint8_t key[VGPU_CACHE_KEY_BYTES];

    memset(key, name, sizeof(key));
    return key;
}

static void seal(int fd)
{
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
}

static bool put(struct br_cache *cache, uint64_t tenant, uint8_t name, uint64_t bytes)
{
    struct br_cached *cached = br_cache_room(cache, tenant, key_of(name), bytes);

    if (cached == NULL) {
        return false;
    }
    seal(cached->fd);
    assert_true(br_cache_file(cache, cached));
    return true;
}

static void begin(struct br_cache *cache, uint32_t mib, uint32_t vm_mib, uint32_t entries,
                  uint32_t vm_entries)
{
    const struct br_settings settings = {.cache_mib = mib,
                                         .cache_vm_mib = vm_mib,
                                         .cache_entries = entries,
                                         .cache_vm_entries = vm_entries};

    br_cache_init(cache, &settings);
}

static void test_the_least_used_of_a_tenant_goes(void **state)
{
    struct br_cache cache;

    (void)state;
    begin(&cache, 100, 3, 100, 100);
    assert_true(put(&cache, 1, 'a', MIB - 100));
    assert_true(put(&cache, 1, 'b', MIB - 100));
    assert_true(put(&cache, 1, 'c', MIB - 100));
    assert_non_null(br_cache_find(&cache, 1, key_of('a')));
    assert_true(put(&cache, 1, 'd', MIB - 100));
    assert_null(br_cache_find(&cache, 1, key_of('b')));
    assert_non_null(br_cache_find(&cache, 1, key_of('a')));
    assert_non_null(br_cache_find(&cache, 1, key_of('d')));
    assert_int_equal(cache.evicted, 1);
    assert_int_equal(cache.bytes, 3 * MIB);
    assert_false(put(&cache, 1, 'e', 3 * MIB)); /* one page more than all */
    assert_int_equal(cache.entries, 3);
    br_cache_fini(&cache);
    assert_int_equal(cache.bytes, 0);
}

static void test_entries_are_bounded_too(void **state)
{
    struct br_cache cache;

    (void)state;
    begin(&cache, 100, 100, 3, 2);
    assert_true(put(&cache, 1, 'a', 10));
    assert_true(put(&cache, 1, 'b', 10));
    assert_true(put(&cache, 1, 'c', 10));
    assert_int_equal(cache.entries, 2);
    assert_true(put(&cache, 2, 'a', 10));
    assert_true(put(&cache, 2, 'b', 10)); /* the other tenant has as many bytes, and was first */
    assert_int_equal(cache.entries, 3);
    br_cache_fini(&cache);
}

/* One tenant that fills the cache takes nothing from those that have less. */
static void test_the_largest_tenant_makes_room(void **state)
{
    struct br_cache cache;

    (void)state;
    begin(&cache, 4, 3, 100, 100);
    assert_true(put(&cache, 2, 'z', MIB - 100));
    for (uint8_t name = 'a'; name < 'p'; name++) {
        assert_true(put(&cache, 1, name, MIB - 100));
    }
    assert_non_null(br_cache_find(&cache, 2, key_of('z')));
    assert_true(put(&cache, 3, 'y', MIB - 100));
    assert_non_null(br_cache_find(&cache, 2, key_of('z')));
    assert_non_null(br_cache_find(&cache, 3, key_of('y')));
    assert_null(br_cache_find(&cache, 1, key_of('z')));
    br_cache_fini(&cache);
}

static void test_tenants_see_their_own(void **state)
{
    struct br_cache cache;

    (void)state;
    begin(&cache, 4, 4, 100, 100);
    assert_true(put(&cache, br_tenant_of_vm(0), 'a', 100));
    assert_null(br_cache_find(&cache, br_tenant_of_vm(1), key_of('a')));
    assert_null(br_cache_find(&cache, br_tenant_of_account(0), key_of('a')));
    assert_true(br_cache_has_size(&cache, br_tenant_of_vm(0), 100));
    assert_false(br_cache_has_size(&cache, br_tenant_of_vm(0), 99));
    assert_false(br_cache_has_size(&cache, br_tenant_of_vm(1), 100));
    assert_false(br_cache_has_size(&cache, br_tenant_of_account(0), 100));
    assert_non_null(br_cache_find(&cache, br_tenant_of_vm(0), key_of('a')));
    br_cache_forget(&cache, br_tenant_of_vm(0));
    assert_null(br_cache_find(&cache, br_tenant_of_vm(0), key_of('a')));
    assert_int_equal(cache.bytes, 0);
    br_cache_fini(&cache);
}

static void test_room_is_nobodys_until_filed(void **state)
{
    struct br_cached *first;
    struct br_cached *second;
    struct br_cache cache;

    (void)state;
    begin(&cache, 4, 4, 100, 100);
    first = br_cache_room(&cache, 1, key_of('a'), 100);
    second = br_cache_room(&cache, 1, key_of('a'), 100);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(br_cache_find(&cache, 1, key_of('a')));
    seal(first->fd);
    assert_true(br_cache_file(&cache, first));
    seal(second->fd);
    assert_true(br_cache_file(&cache, second)); /* there is one: this one goes */
    assert_int_equal(cache.entries, 1);
    second = br_cache_room(&cache, 1, key_of('b'), 100);
    assert_non_null(second);
    assert_false(br_cache_file(&cache, second)); /* can still be written */
    assert_null(br_cache_find(&cache, 1, key_of('b')));
    assert_null(br_cache_room(&cache, 1, key_of('c'), VGPU_CACHE_BYTES_MAX + 1));
    assert_null(br_cache_room(&cache, 1, key_of('c'), 0));
    br_cache_fini(&cache);
    begin(&cache, 0, 4, 100, 100);
    assert_null(br_cache_room(&cache, 1, key_of('a'), 100));
}

/* ---- workers ---------------------------------------------------------------- */

struct stage {
    struct fake fake;
    struct fake_peer gpu;
    struct fake_peer worker;
    struct fake_guest guest;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_settings(&stage.fake.settings);
    stage.fake.settings.cache_mib = 4;
    stage.fake.settings.cache_vm_mib = 4;
    stage.fake.settings.cache_entries = 8;
    stage.fake.settings.cache_vm_entries = 8;
    fake_start(&stage.fake);
    fake_open_session(&stage.fake, &stage.gpu, &stage.worker, &stage.guest);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_guest_close(&s->guest);
    fake_fini(&s->fake);
    fake_peer_close(&s->gpu);
    fake_peer_close(&s->worker);
    return 0;
}

static void send_ask(struct stage *s, uint8_t name, uint64_t room, size_t key_len)
{
    Vgpu__CacheAsk ask = VGPU__CACHE_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t key[VGPU_CACHE_KEY_BYTES];

    memcpy(key, key_of(name), sizeof(key));
    ask.key.data = key;
    ask.key.len = key_len;
    ask.room = room;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_ASK;
    frame.cache_ask = &ask;
    fake_send(&s->worker, &frame);
    fake_pump(&s->fake);
}

/* The state of the answer, and its descriptor or -1. */
static uint32_t answered(struct stage *s, int *fd)
{
    uint32_t state = fake_expect(&s->worker, VGPU__FRAME__KIND_CACHE_ANSWER)->cache_answer->state;

    *fd = vgpu_frame_socket_take_fd(&s->worker.socket);
    assert_true((*fd >= 0) == (state != 0));
    return state;
}

static uint32_t ask(struct stage *s, uint8_t name, uint64_t room, int *fd)
{
    send_ask(s, name, room, VGPU_CACHE_KEY_BYTES);
    return answered(s, fd);
}

static void send_filed(struct stage *s, bool filled)
{
    Vgpu__CacheFile file = VGPU__CACHE_FILE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    file.filled = filled;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_FILE;
    frame.cache_file = &file;
    fake_send(&s->worker, &frame);
    fake_pump(&s->fake);
}

static void send_wrong(struct stage *s, uint8_t name)
{
    Vgpu__CacheWrong wrong = VGPU__CACHE_WRONG__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t key[VGPU_CACHE_KEY_BYTES];
    char reason[] = "its\nhash";

    memcpy(key, key_of(name), sizeof(key));
    wrong.key.data = key;
    wrong.key.len = sizeof(key);
    wrong.reason = reason;
    frame.kind_case = VGPU__FRAME__KIND_CACHE_WRONG;
    frame.cache_wrong = &wrong;
    fake_send(&s->worker, &frame);
    fake_pump(&s->fake);
}

static void file(struct stage *s, uint8_t name, uint64_t bytes)
{
    int fd;

    assert_int_equal(ask(s, name, bytes, &fd), 2);
    assert_int_equal(lseek(fd, 0, SEEK_END), vgpu_cache_fd_bytes(bytes));
    assert_int_equal(write(fd, "x", 1), -1); /* at its end: it cannot grow */
    seal(fd);
    vgpu_fd_close(&fd);
    send_filed(s, true);
}

static const struct br_stats *stats(const struct stage *s)
{
    return &TAILQ_FIRST(&s->fake.broker->sessions)->stats;
}

static void test_a_worker_files_and_finds(void **state)
{
    struct stage *s = *state;
    int fd;

    assert_int_equal(ask(s, 'a', 0, &fd), 0);
    file(s, 'a', 5000);
    assert_int_equal(ask(s, 'a', 0, &fd), 1);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & VGPU_CACHE_SEALS, VGPU_CACHE_SEALS);
    vgpu_fd_close(&fd);
    assert_int_equal(ask(s, 'a', 5000, &fd), 1); /* room is not needed */
    vgpu_fd_close(&fd);
    assert_int_equal(ask(s, 'b', 0, &fd), 0);
    assert_int_equal(stats(s)->cache_hits, 2);
    assert_int_equal(stats(s)->cache_misses, 2);
    assert_int_equal(stats(s)->cache_filed, 1);
    assert_int_equal(stats(s)->cache_bytes, 10000);
    send_wrong(s, 'a');
    assert_int_equal(ask(s, 'a', 0, &fd), 0);
    assert_int_equal(stats(s)->cache_wrong, 1);
    assert_int_equal(s->fake.broker->cache.entries, 0);
    assert_int_equal(fake_guest_error(&s->guest), 0);
}

static uint32_t ask_size(struct stage *s, uint64_t bytes)
{
    send_ask(s, 'a', bytes, 0);
    return fake_expect(&s->worker, VGPU__FRAME__KIND_CACHE_ANSWER)->cache_answer->state;
}

/* What is not filed yet has no size, and no descriptor goes with the answer. */
static void test_sizes_are_known(void **state)
{
    struct stage *s = *state;

    assert_int_equal(ask_size(s, 5000), 0);
    file(s, 'a', 5000);
    assert_int_equal(ask_size(s, 5000), 3);
    assert_int_equal(vgpu_frame_socket_take_fd(&s->worker.socket), -1);
    assert_int_equal(ask_size(s, 5001), 0);
    assert_int_equal(stats(s)->cache_hits, 0);
    assert_int_equal(stats(s)->cache_misses, 2);
}

static void test_room_given_back(void **state)
{
    struct stage *s = *state;
    int fd;

    assert_int_equal(ask(s, 'a', 100, &fd), 2);
    vgpu_fd_close(&fd);
    send_filed(s, false);
    assert_int_equal(ask(s, 'a', 0, &fd), 0);
    assert_int_equal(s->fake.broker->cache.bytes, 0);
    assert_int_equal(ask(s, 'a', 5 * MIB, &fd), 0); /* more than all */
}

static void expect_misuse(struct stage *s)
{
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_int_equal(s->fake.broker->cache.bytes, 0);
}

static void test_a_second_room_is_misuse(void **state)
{
    struct stage *s = *state;
    int fd;

    assert_int_equal(ask(s, 'a', 100, &fd), 2);
    vgpu_fd_close(&fd);
    send_ask(s, 'b', 0, VGPU_CACHE_KEY_BYTES);
    expect_misuse(s);
}

static void test_a_size_while_there_is_room_is_misuse(void **state)
{
    struct stage *s = *state;
    int fd;

    assert_int_equal(ask(s, 'a', 100, &fd), 2);
    vgpu_fd_close(&fd);
    send_ask(s, 'a', 100, 0);
    expect_misuse(s);
}

static void test_a_short_key_is_misuse(void **state)
{
    send_ask(*state, 'a', 0, VGPU_CACHE_KEY_BYTES - 1);
    expect_misuse(*state);
}

static void test_filing_nothing_is_misuse(void **state)
{
    send_filed(*state, true);
    expect_misuse(*state);
}

static void test_filing_what_can_change_is_misuse(void **state)
{
    struct stage *s = *state;
    int fd;

    assert_int_equal(ask(s, 'a', 100, &fd), 2);
    vgpu_fd_close(&fd);
    send_filed(s, true);
    expect_misuse(s);
}

static void test_a_worker_that_dies_leaves_no_room(void **state)
{
    struct stage *s = *state;
    int fd;

    assert_int_equal(ask(s, 'a', MIB, &fd), 2);
    vgpu_fd_close(&fd);
    assert_int_equal(s->fake.broker->cache.entries, 1);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->cache.entries, 0);
    assert_int_equal(s->fake.broker->cache.bytes, 0);
    s->worker.socket.fd = -1;
}

/* Descriptors travel only in front of all else: the answer waits until the worker has read. */
static void test_an_answer_waits_for_a_worker_that_does_not_read(void **state)
{
    struct stage *s = *state;
    unsigned int frames = 0;
    Vgpu__Frame *frame;
    int fd;

    file(s, 'a', 5000);
    for (unsigned int before = 1, calls = 0; before != calls;) {
        before = calls;
        while (fake_guest_call(&s->guest, FAKE_OP, 4000)) {
            calls++;
        }
        fake_pump(&s->fake);
    }
    send_ask(s, 'a', 0, VGPU_CACHE_KEY_BYTES);
    for (bool more = true; more;) {
        more = vgpu_frame_socket_receive(&s->worker.socket, &frame) == 0;
        assert_true(more);
        frames++;
        more = frame->kind_case == VGPU__FRAME__KIND_SUBMIT;
        fake_pump(&s->fake);
    }
    assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_CACHE_ANSWER);
    assert_int_equal(frame->cache_answer->state, 1);
    assert_true(frames > 1);
    fd = vgpu_frame_socket_take_fd(&s->worker.socket);
    assert_true(fd >= 0);
    vgpu_fd_close(&fd);
}

/* What a process of this host filed is not there for a machine, nor the other way. */
static void test_a_machine_sees_its_own(void **state)
{
    struct stage *s = *state;
    struct br_vm *vm = br_broker_add_vm(s->fake.broker, "alpha");
    struct fake_peer device;
    struct fake_peer worker;
    static struct fake_guest guest;
    struct fake_peer local;
    int fd;

    file(s, 'a', 100);
    fake_device_open(&s->fake, vm, &device);
    fake_worker_ready(&s->fake, &s->gpu, &worker, 2);
    fake_vm_guest_open(&s->fake, &device, 0, 1, &guest);
    fake_guest_hello(&guest);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&guest, VGPU__FRAME__KIND_WELCOME);
    fake_guest_ask(&guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    (void)fake_expect(&worker, VGPU__FRAME__KIND_ATTACH);
    fd = vgpu_frame_socket_take_fd(&worker.socket);
    vgpu_fd_close(&fd);
    fake_attached(&worker, 0);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&guest, VGPU__FRAME__KIND_OPENED);

    send_ask(s, 'a', 0, VGPU_CACHE_KEY_BYTES);
    assert_int_equal(answered(s, &fd), 1);
    vgpu_fd_close(&fd);
    local = s->worker;
    s->worker = worker;
    assert_int_equal(ask(s, 'a', 0, &fd), 0);
    file(s, 'b', 100);
    worker = s->worker;
    s->worker = local;
    assert_int_equal(ask(s, 'b', 0, &fd), 0);
    assert_int_equal(s->fake.broker->cache.entries, 2);
    fake_peer_close(&device); /* QEMU ends: the machine's images go */
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->cache.entries, 1);
    fake_guest_close(&guest);
    fake_peer_close(&worker);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_least_used_of_a_tenant_goes),
        cmocka_unit_test(test_entries_are_bounded_too),
        cmocka_unit_test(test_the_largest_tenant_makes_room),
        cmocka_unit_test(test_tenants_see_their_own),
        cmocka_unit_test(test_room_is_nobodys_until_filed),
        STAGED(test_a_worker_files_and_finds),
        STAGED(test_sizes_are_known),
        STAGED(test_a_size_while_there_is_room_is_misuse),
        STAGED(test_room_given_back),
        STAGED(test_a_second_room_is_misuse),
        STAGED(test_a_short_key_is_misuse),
        STAGED(test_filing_nothing_is_misuse),
        STAGED(test_filing_what_can_change_is_misuse),
        STAGED(test_a_worker_that_dies_leaves_no_room),
        STAGED(test_an_answer_waits_for_a_worker_that_does_not_read),
        STAGED(test_a_machine_sees_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
