/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/phase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const Vgpu__Frame__KindCase kinds[] = {
    BR_CALL,
    VGPU__FRAME__KIND_GRANT,
    VGPU__FRAME__KIND_REFUSE,
    VGPU__FRAME__KIND_HELLO,
    VGPU__FRAME__KIND_WELCOME,
    VGPU__FRAME__KIND_OPEN,
    VGPU__FRAME__KIND_OPENED,
    VGPU__FRAME__KIND_CLOSE,
    VGPU__FRAME__KIND_CLOSED,
    VGPU__FRAME__KIND_REGISTER,
    VGPU__FRAME__KIND_REGISTERED,
    VGPU__FRAME__KIND_WORKER_WANTED,
    VGPU__FRAME__KIND_WORKER_READY,
    VGPU__FRAME__KIND_WORKER_TAKEN,
    VGPU__FRAME__KIND_WORKER_KILL,
    VGPU__FRAME__KIND_WORKER_GONE,
    VGPU__FRAME__KIND_WORKER_FAILED,
    VGPU__FRAME__KIND_READY,
    VGPU__FRAME__KIND_FACTS,
    VGPU__FRAME__KIND_ATTACH,
    VGPU__FRAME__KIND_ATTACHED,
    VGPU__FRAME__KIND_SUBMIT,
    VGPU__FRAME__KIND_COMPLETE,
    VGPU__FRAME__KIND_WAKE,
    VGPU__FRAME__KIND_FATAL,
    VGPU__FRAME__KIND_SURVEY,
    VGPU__FRAME__KIND_SURVEYED,
    VGPU__FRAME__KIND_USAGE,
    VGPU__FRAME__KIND_DEVICE_HELLO,
    VGPU__FRAME__KIND_DEVICE_WELCOME,
    VGPU__FRAME__KIND_CHANNEL_OPEN,
    VGPU__FRAME__KIND_CHANNEL_READY,
    VGPU__FRAME__KIND_CHANNEL_REFUSED,
    VGPU__FRAME__KIND_CHANNEL_CLOSE,
    VGPU__FRAME__KIND_CHANNEL_FREE,
    VGPU__FRAME__KIND_DEVICE_RESET,
    VGPU__FRAME__KIND_DEVICE_GONE,
    VGPU__FRAME__KIND_BEAT,
    VGPU__FRAME__KIND_CACHE_ASK,
    VGPU__FRAME__KIND_CACHE_ANSWER,
    VGPU__FRAME__KIND_CACHE_FILE,
    VGPU__FRAME__KIND_CACHE_WRONG,
    VGPU__FRAME__KIND_MEMORY_ASK,
    VGPU__FRAME__KIND_MEMORY_GRANT,
    VGPU__FRAME__KIND_MEMORY_RECALL,
    VGPU__FRAME__KIND_MEMORY_GIVE,
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The table of docs/design.md, a second time: what each phase takes. */
static const struct {
    enum br_phase phase;
    Vgpu__Frame__KindCase kind;
} guest_takes[] =
    {
        {BR_GRANTED, VGPU__FRAME__KIND_HELLO}, {BR_GREETED, VGPU__FRAME__KIND_OPEN},
        {BR_GREETED, VGPU__FRAME__KIND_CLOSE}, {BR_GREETED, VGPU__FRAME__KIND_SURVEY},
        {BR_OPEN, VGPU__FRAME__KIND_CLOSE},    {BR_OPEN, BR_CALL},
},
  worker_takes[] = {
      {BR_OPENING, VGPU__FRAME__KIND_ATTACHED}, {BR_OPEN, VGPU__FRAME__KIND_COMPLETE},
      {BR_OPEN, VGPU__FRAME__KIND_WAKE},        {BR_OPEN, VGPU__FRAME__KIND_USAGE},
      {BR_OPEN, VGPU__FRAME__KIND_FATAL},       {BR_OPEN, VGPU__FRAME__KIND_CACHE_ASK},
      {BR_OPEN, VGPU__FRAME__KIND_CACHE_FILE},  {BR_OPEN, VGPU__FRAME__KIND_CACHE_WRONG},
      {BR_OPEN, VGPU__FRAME__KIND_MEMORY_ASK},  {BR_OPEN, VGPU__FRAME__KIND_MEMORY_GIVE},
};

static enum br_verdict expected_of_guest(enum br_phase phase, Vgpu__Frame__KindCase kind)
{
    if (phase == BR_DEAD) {
        return BR_DROP;
    }
    if (phase == BR_OPENING || phase == BR_CLOSING) {
        return BR_WAIT;
    }
    for (size_t i = 0; i < sizeof(guest_takes) / sizeof(guest_takes[0]); i++) {
        if (guest_takes[i].phase == phase && guest_takes[i].kind == kind) {
            return BR_TAKE;
        }
    }
    return BR_BREAK;
}

static enum br_verdict expected_of_worker(enum br_phase phase, Vgpu__Frame__KindCase kind)
{
    if (phase == BR_DEAD) {
        return BR_DROP;
    }
    if (phase == BR_CLOSING) {
        return kind == VGPU__FRAME__KIND_COMPLETE || kind == VGPU__FRAME__KIND_WAKE ||
                       kind == VGPU__FRAME__KIND_USAGE || kind == VGPU__FRAME__KIND_FATAL ||
                       kind == VGPU__FRAME__KIND_CACHE_ASK ||
                       kind == VGPU__FRAME__KIND_CACHE_FILE ||
                       kind == VGPU__FRAME__KIND_MEMORY_ASK ||
                       kind == VGPU__FRAME__KIND_MEMORY_GIVE ||
                       kind == VGPU__FRAME__KIND_CACHE_WRONG
                   ? BR_DROP
                   : BR_BREAK;
    }
    for (size_t i = 0; i < sizeof(worker_takes) / sizeof(worker_takes[0]); i++) {
        if (worker_takes[i].phase == phase && worker_takes[i].kind == kind) {
            return BR_TAKE;
        }
    }
    return BR_BREAK;
}

static void test_every_phase_and_frame_of_a_guest(void **state)
{
    (void)state;
    for (int phase = 0; phase < BR_PHASES; phase++) {
        for (size_t i = 0; i < KINDS; i++) {
            assert_int_equal(br_phase_guest((enum br_phase)phase, kinds[i]),
                             expected_of_guest((enum br_phase)phase, kinds[i]));
        }
    }
}

static void test_every_phase_and_frame_of_a_worker(void **state)
{
    (void)state;
    for (int phase = 0; phase < BR_PHASES; phase++) {
        for (size_t i = 0; i < KINDS; i++) {
            assert_int_equal(br_phase_worker((enum br_phase)phase, kinds[i]),
                             expected_of_worker((enum br_phase)phase, kinds[i]));
        }
    }
}

static void test_every_phase_has_a_name(void **state)
{
    (void)state;
    for (int phase = 0; phase < BR_PHASES; phase++) {
        assert_true(strlen(br_phase_name((enum br_phase)phase)) > 1);
    }
    assert_string_equal(br_phase_name(BR_PHASES), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_phase_and_frame_of_a_guest),
        cmocka_unit_test(test_every_phase_and_frame_of_a_worker),
        cmocka_unit_test(test_every_phase_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
