/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl top: who uses the GPUs now, drawn again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/screen.h"
#include "ctl/view.h"

#define LINES_MAX 257 /* VGPU_VMS_MAX machines and this host */
#define NAME      64

/* A machine, or all programs of this host together. */
struct line {
    char name[NAME]; /* escaped */
    char state[16];
    uint64_t sessions;
    uint64_t memory;
    uint64_t calls;
    uint64_t in;
    uint64_t out;
    int64_t idle_ms;
    uint64_t calls_per_s;
    uint64_t in_per_s;
    uint64_t out_per_s;
};

struct sample {
    uint64_t at_ns;
    uint64_t calls; /* of all */
    size_t count;
    struct line lines[LINES_MAX];
};

static void take_vm(struct line *line, const ProtobufCMessage *vm)
{
    (void)ct_escape(line->name, sizeof(line->name), ct_row_text(vm, "name"));
    (void)ct_escape(line->state, sizeof(line->state), ct_row_text(vm, "state"));
    line->sessions = ct_row_number(vm, "sessions");
    line->memory = ct_row_number(vm, "memory_used");
    line->calls = ct_row_number(vm, "processed");
    line->in = ct_row_number(vm, "bytes_in");
    line->out = ct_row_number(vm, "bytes_out");
    line->idle_ms = ct_row_signed(vm, "call_idle_ms");
}

static void take_host(struct line *line, const struct ct_rows *sessions)
{
    *line = (struct line){.name = "(this host)", .state = "-", .idle_ms = -1};
    for (size_t i = 0; i < sessions->count; i++) {
        const ProtobufCMessage *row = ct_rows_at(sessions, i);
        int64_t idle = ct_row_signed(row, "idle_ms");

        if (ct_row_text(row, "vm")[0] == '\0') {
            line->sessions++;
            line->memory += ct_row_number(row, "memory_used");
            line->calls += ct_row_number(row, "processed");
            line->in += ct_row_number(row, "bytes_in");
            line->out += ct_row_number(row, "bytes_out");
            line->idle_ms = line->idle_ms < 0 || idle < line->idle_ms ? idle : line->idle_ms;
        }
    }
}

static void take_sample(struct sample *sample, const struct ct_view *view)
{
    struct line *line = sample->lines;

    memset(sample, 0, sizeof(*sample));
    sample->at_ns = vgpu_clock_ns();
    sample->calls = ct_row_number(ct_view_broker(view), "processed");
    for (size_t i = 0; i < view->vms.count && i < LINES_MAX - 1; i++) {
        take_vm(line++, ct_rows_at(&view->vms, i));
    }
    take_host(line, &view->sessions);
    line += line->sessions > 0;
    sample->count = (size_t)(line - sample->lines);
}

/* Totals may fall: those of sessions that have ended are gone. */
static uint64_t rate(uint64_t now, uint64_t then, uint64_t passed_ns)
{
    return now > then && passed_ns > 0
               ? (uint64_t)((double)(now - then) * 1e9 / (double)passed_ns + 0.5)
               : 0;
}

static int by_calls(const void *left, const void *right)
{
    const struct line *a = left;
    const struct line *b = right;

    if (a->calls_per_s != b->calls_per_s) {
        return a->calls_per_s < b->calls_per_s ? 1 : -1;
    }
    return strcmp(a->name, b->name);
}

static uint64_t compare(struct sample *now, const struct sample *then)
{
    uint64_t passed_ns = then->at_ns != 0 ? now->at_ns - then->at_ns : 0;

    for (size_t i = 0; i < now->count; i++) {
        struct line *line = &now->lines[i];

        for (size_t k = 0; k < then->count; k++) {
            const struct line *old = &then->lines[k];

            if (strcmp(old->name, line->name) == 0) {
                line->calls_per_s = rate(line->calls, old->calls, passed_ns);
                line->in_per_s = rate(line->in, old->in, passed_ns);
                line->out_per_s = rate(line->out, old->out, passed_ns);
            }
        }
    }
    qsort(now->lines, now->count, sizeof(now->lines[0]), by_calls);
    return rate(now->calls, then->calls, passed_ns);
}

/* 12ms, 3s, 5m, 2h, 4d: never more than 6 bytes. */
static const char *short_age(char dst[static CT_HUMAN], int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;

    if (ms < 0) {
        return "never";
    }
    while (i < 4 && ms < units[i].ms) {
        i++;
    }
    (void)snprintf(dst, CT_HUMAN, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
    return dst;
}

static void draw_head(struct ct_screen *screen, const struct ct_view *view, uint64_t calls_per_s)
{
    const ProtobufCMessage *row = ct_view_broker(view);
    char version[32];
    char age[CT_HUMAN];
    char calls[CT_HUMAN];

    ct_screen_line(screen, "vgpu %s  up %s  sessions %u/%u  machines %u/%u  %s calls/s",
                   ct_escape(version, sizeof(version), ct_row_text(row, "version")),
                   ct_duration(age, ct_row_number(row, "uptime_ms")),
                   (unsigned int)ct_row_number(row, "sessions"),
                   (unsigned int)ct_row_number(row, "sessions_max"),
                   (unsigned int)ct_row_number(row, "vms_connected"),
                   (unsigned int)ct_row_number(row, "vms"), ct_count(calls, calls_per_s));
}

static void draw_gpus(struct ct_screen *screen, const struct ct_view *view)
{
    for (size_t i = 0; i < view->gpus.count; i++) {
        const ProtobufCMessage *gpu = ct_rows_at(&view->gpus, i);
        char name[NAME];
        char state[16];
        char used[CT_HUMAN];
        char total[CT_HUMAN];

        ct_screen_line(screen, "GPU %-2u %-26.26s %-9.9s %9s of %9s  %u sessions",
                       (unsigned int)ct_row_number(gpu, "slot"),
                       ct_escape(name, sizeof(name), ct_row_text(gpu, "name")),
                       ct_escape(state, sizeof(state), ct_row_text(gpu, "state")),
                       ct_bytes(used, ct_row_number(gpu, "memory_used")),
                       ct_bytes(total, ct_row_number(gpu, "memory_total")),
                       (unsigned int)ct_row_number(gpu, "sessions"));
    }
}

static void draw_lines(struct ct_screen *screen, const struct sample *sample)
{
    ct_screen_line(screen, "%-18s %-10s %4s %9s %8s %9s %9s %6s", "VM", "STATE", "SESS", "MEMORY",
                   "CALLS/S", "IN/S", "OUT/S", "IDLE");
    for (size_t i = 0; i < sample->count; i++) {
        const struct line *line = &sample->lines[i];
        char memory[CT_HUMAN];
        char calls[CT_HUMAN];
        char in[CT_HUMAN];
        char out[CT_HUMAN];
        char idle[CT_HUMAN];

        ct_screen_line(screen, "%-18.18s %-10.10s %4llu %9s %8s %9s %9s %6s", line->name,
                       line->state, (unsigned long long)line->sessions,
                       ct_bytes(memory, line->memory), ct_count(calls, line->calls_per_s),
                       ct_bytes(in, line->in_per_s), ct_bytes(out, line->out_per_s),
                       short_age(idle, line->idle_ms));
    }
}

static void draw(struct ct_screen *screen, const struct ct_view *view, const struct sample *sample,
                 uint64_t calls_per_s)
{
    ct_screen_begin(screen);
    draw_head(screen, view, calls_per_s);
    draw_gpus(screen, view);
    ct_screen_line(screen, "%s", "");
    draw_lines(screen, sample);
    ct_screen_end(screen);
}

static void print_json(const struct sample *sample, uint64_t calls_per_s)
{
    json_t *object = json_object();
    json_t *array = json_array();

    for (size_t i = 0; i < sample->count; i++) {
        const struct line *line = &sample->lines[i];
        json_t *entry = json_object();

        ct_json_text(entry, "name", line->name);
        ct_json_text(entry, "state", line->state);
        ct_json_number(entry, "sessions", line->sessions);
        ct_json_number(entry, "memory_used", line->memory);
        ct_json_number(entry, "calls_per_s", line->calls_per_s);
        ct_json_number(entry, "bytes_in_per_s", line->in_per_s);
        ct_json_number(entry, "bytes_out_per_s", line->out_per_s);
        ct_json_put(entry, "call_idle_ms", json_integer(line->idle_ms));
        (void)json_array_append_new(array, entry);
    }
    ct_json_number(object, "calls_per_s", calls_per_s);
    ct_json_put(object, "vms", array);
    ct_json_print(object);
}

/* One look.  0, or -errno with the view's error set. */
static int look(const struct ct_options *options, struct sample *now, struct ct_view *view)
{
    int rc = ct_view_read_broker(view, options);

    if (rc == 0) {
        take_sample(now, view);
    }
    return rc;
}

/* Two looks, of which the second is shown: figures by the second want both. */
static enum ct_status show_once(const struct ct_options *options, struct ct_screen *screen)
{
    static struct sample then;
    static struct sample now;
    struct ct_view first = {.has_broker = false};
    struct ct_view view = {.has_broker = false};
    enum ct_status status = CT_OK;

    if (look(options, &then, &first) < 0) {
        status = ct_error_report(options, &first.broker_error);
    } else if (!ct_screen_wait(screen, options->interval_ms)) {
        if (look(options, &now, &view) < 0) {
            status = ct_error_report(options, &view.broker_error);
        } else if (options->json) {
            print_json(&now, compare(&now, &then));
        } else {
            uint64_t calls_per_s = compare(&now, &then);

            draw(screen, &view, &now, calls_per_s);
        }
    }
    ct_view_free(&first);
    ct_view_free(&view);
    return status;
}

/* Until the user ends it; a broker that goes away is waited for. */
static enum ct_status show_live(const struct ct_options *options, struct ct_screen *screen)
{
    static struct sample samples[2];
    unsigned int turn = 0;

    do {
        struct ct_view view = {.has_broker = false};
        struct sample *now = &samples[turn % 2];

        if (look(options, now, &view) < 0) {
            ct_screen_begin(screen);
            ct_screen_line(screen, "%s", view.broker_error.text);
            ct_screen_end(screen);
            memset(samples, 0, sizeof(samples));
        } else {
            uint64_t calls_per_s = compare(now, &samples[(turn + 1) % 2]);

            draw(screen, &view, now, calls_per_s);
        }
        ct_view_free(&view);
        turn++;
    } while (!ct_screen_wait(screen, options->interval_ms));
    return CT_OK;
}

enum ct_status ct_run_top(const struct ct_options *options)
{
    static struct ct_screen screen;
    enum ct_status status;

    ct_screen_open(&screen, !options->once && !options->json);
    status = screen.live ? show_live(options, &screen) : show_once(options, &screen);
    ct_screen_close(&screen);
    return status;
}
