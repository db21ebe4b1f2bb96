/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the metrics is made metric by metric; machines come and go meanwhile. */
#include "fake_policy.h"

#include <stdio.h>
#include <string.h>

#include "broker/metrics_table.h"

/* Whether the text has the line, after what a metric's samples must come behind. */
static bool has(const struct br_text *text, const char *line)
{
    char with_end[200];

    (void)snprintf(with_end, sizeof(with_end), "\n%s\n", line);
    return memmem(text->bytes, text->len, with_end, strlen(with_end)) != NULL;
}

static void test_whole_at_the_end(void **state)
{
    struct stage *s = *state;
    struct br_text text = {0};
    struct br_scrape scrape;
    unsigned int steps = 0;

    stage_open(s, 0, 0, 0, NULL);
    br_metrics_begin(&scrape, s->fake.broker, &text);
    while (br_metrics_step(&scrape)) {
        steps++;
    }
    assert_false(text.failed);
    assert_true(steps > 40);
    assert_true(has(&text, "vgpu_sessions 1"));
    assert_true(has(&text, "vgpu_vm_sessions{vm=\"alpha\"} 1"));
    assert_true(has(&text, "vgpu_vm_sessions{vm=\"beta\"} 0"));
    assert_true(has(&text, "vgpu_gpu_sessions{gpu=\"0\"} 1"));
    assert_true(has(&text, "vgpu_gpu_workers_crashed_total{gpu=\"1\"} 0"));
    br_text_free(&text);
}

static void test_machines_that_go_in_between(void **state)
{
    struct stage *s = *state;

    for (unsigned int at = 0; at < 60; at += 7) {
        struct br_text text = {0};
        struct br_scrape scrape;
        struct br_vm *gamma = br_broker_add_vm(s->fake.broker, "gamma");
        struct br_vm *delta;

        assert_non_null(gamma);
        br_metrics_begin(&scrape, s->fake.broker, &text);
        for (unsigned int i = 0; i < at; i++) {
            (void)br_metrics_step(&scrape);
        }
        br_broker_remove_vm(s->fake.broker, gamma, "test");
        fake_pump(&s->fake);
        delta = br_broker_add_vm(s->fake.broker, "delta");
        assert_non_null(delta);
        while (br_metrics_step(&scrape)) {
        }
        assert_false(text.failed);
        br_broker_remove_vm(s->fake.broker, delta, "test");
        fake_pump(&s->fake);
        br_text_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_at_the_end, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(test_machines_that_go_in_between, stage_setup,
                                        stage_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
