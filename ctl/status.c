/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl status: versions, state and totals; what must be restarted. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/table.h"
#include "ctl/view.h"

#define LABEL "%-9s "

static void print_broker(const struct ct_view *view, const struct ct_options *options)
{
    const ProtobufCMessage *row = ct_view_broker(view);
    char version[64];
    char age[CT_HUMAN];
    char lock[CT_CELL];
    char calls[CT_HUMAN];

    if (row == NULL) {
        printf(LABEL "not reachable on %s\n", "broker", options->control);
        return;
    }
    printf(LABEL "%s, pid %u, up %s, sandbox %s\n", "broker",
           ct_escape(version, sizeof(version), ct_row_text(row, "version")),
           (unsigned int)ct_row_number(row, "pid"),
           ct_duration(age, ct_row_number(row, "uptime_ms")),
           ct_escape(lock, sizeof(lock), ct_row_text(row, "sandbox")));
    printf(LABEL "%u of %u sessions, %u of %u machines connected, %u GPUs\n", "",
           (unsigned int)ct_row_number(row, "sessions"),
           (unsigned int)ct_row_number(row, "sessions_max"),
           (unsigned int)ct_row_number(row, "vms_connected"),
           (unsigned int)ct_row_number(row, "vms"), (unsigned int)ct_row_number(row, "gpus"));
    printf(LABEL "%s calls processed, %u unknown, %u misuses, %u log lines dropped\n", "",
           ct_count(calls, ct_row_number(row, "processed")),
           (unsigned int)ct_row_number(row, "unknown"), (unsigned int)ct_row_number(row, "misuses"),
           (unsigned int)ct_row_number(row, "lines_dropped"));
}

static void print_hostd(const struct ct_view *view)
{
    const ProtobufCMessage *row = ct_view_hostd(view);
    char version[64];
    char age[CT_HUMAN];
    char state[CT_CELL];

    if (row == NULL) {
        printf(LABEL "not running: nothing can be changed (systemctl start vgpu-hostd)\n", "hostd");
        return;
    }
    printf(LABEL "%s, pid %u, up %s, registry %s, %u machines, %u QEMUs%s\n", "hostd",
           ct_escape(version, sizeof(version), ct_row_text(row, "version")),
           (unsigned int)ct_row_number(row, "pid"),
           ct_duration(age, ct_row_number(row, "uptime_ms")),
           ct_escape(state, sizeof(state), ct_row_text(row, "registry_state")),
           (unsigned int)ct_row_number(row, "vms"), (unsigned int)ct_row_number(row, "qemus"),
           ct_row_number(row, "broker") != 0 ? "" : ", not connected to the broker");
    if (ct_row_text(row, "last_error")[0] != '\0') {
        printf(LABEL "last error: %s\n", "",
               ct_escape(state, sizeof(state), ct_row_text(row, "last_error")));
    }
}

/* Whether a version of something on this host is not the broker's. */
static bool differs(const struct ct_view *view, const char *version)
{
    const ProtobufCMessage *broker = ct_view_broker(view);

    return broker != NULL && version[0] != '\0' &&
           strcmp(version, ct_row_text(broker, "version")) != 0;
}

/* One note: to the text or to the array. */
static void note(json_t *array, const char *what, const char *name, const char *text)
{
    char clean_name[64];
    char clean_text[2 * CT_CELL];

    (void)ct_escape(clean_name, sizeof(clean_name), name);
    (void)ct_escape(clean_text, sizeof(clean_text), text);
    if (array != NULL) {
        json_t *entry = json_object();

        ct_json_text(entry, "what", what);
        ct_json_text(entry, "name", clean_name);
        ct_json_text(entry, "text", clean_text);
        (void)json_array_append_new(array, entry);
    } else {
        printf("restart needed: %s %s: %s\n", what, clean_name, clean_text);
    }
}

static void note_host(const struct ct_view *view, json_t *array)
{
    const ProtobufCMessage *broker = ct_view_broker(view);
    const ProtobufCMessage *hostd = ct_view_hostd(view);

    if (broker != NULL && strcmp(ct_row_text(broker, "version"), VGPU_VERSION) != 0) {
        note(array, "broker", ct_row_text(broker, "version"),
             "installed is " VGPU_VERSION ": systemctl restart vgpu-broker");
    }
    if (hostd != NULL && strcmp(ct_row_text(hostd, "version"), VGPU_VERSION) != 0) {
        note(array, "hostd", ct_row_text(hostd, "version"),
             "installed is " VGPU_VERSION ": systemctl restart vgpu-hostd");
    }
}

static void note_all(const struct ct_view *view, json_t *array)
{
    note_host(view, array);
    for (size_t i = 0; i < view->gpus.count; i++) {
        const ProtobufCMessage *gpu = ct_rows_at(&view->gpus, i);

        if (differs(view, ct_row_text(gpu, "supervisor"))) {
            note(array, "executor", ct_row_text(gpu, "supervisor"),
                 "another version than the broker's: systemctl restart 'vgpu-executor@*'");
        }
    }
    for (size_t i = 0; i < view->vms.count; i++) {
        const ProtobufCMessage *vm = ct_rows_at(&view->vms, i);

        if (ct_row_text(vm, "restart_needed")[0] != '\0') {
            note(array, "machine", ct_row_text(vm, "name"), ct_row_text(vm, "restart_needed"));
        }
    }
}

static void print_tables(const struct ct_view *view)
{
    static const struct ct_column gpus[] = {
        {"GPU", "slot", CT_NUMBER},          {"NAME", "name", CT_TEXT},
        {"STATE", "state", CT_TEXT},         {"MEMORY", "memory_used", CT_BYTES},
        {"OF", "memory_total", CT_BYTES},    {"SESSIONS", "sessions", CT_NUMBER},
        {"EXECUTOR", "supervisor", CT_TEXT}, {"DRIVER", "driver", CT_TEXT},
        {"SANDBOX", "sandbox", CT_TEXT},
    };
    static const struct ct_column vms[] = {
        {"VM", "name", CT_TEXT},
        {"STATE", "state", CT_TEXT},
        {"DEVICE", "device_revision", CT_NUMBER},
        {"QEMU", "qemu", CT_TEXT},
        {"LIBRARY", "library", CT_TEXT},
        {"SESSIONS", "sessions", CT_NUMBER},
        {"CALLS", "processed", CT_COUNT},
        {"LAST CALL", "call_idle_ms", CT_AGE},
        {"RESTART", "restart_needed", CT_TEXT},
    };

    printf("\n");
    ct_table_print(stdout, gpus, sizeof(gpus) / sizeof(gpus[0]), &view->gpus, 0,
                   "no GPU has registered: vgpuctl doctor says why");
    printf("\n");
    ct_table_print(stdout, vms, sizeof(vms) / sizeof(vms[0]), &view->vms, 0,
                   "no machines: vgpuctl vm add NAME");
}

static json_t *row_or_error(const ProtobufCMessage *row, const struct ct_error *error)
{
    json_t *object = row != NULL ? ct_json_row(row) : json_object();

    if (row == NULL) {
        ct_json_text(object, "error", error->text);
    }
    return object;
}

static void print_json(const struct ct_view *view)
{
    json_t *object = json_object();
    json_t *notes = json_array();

    note_all(view, notes);
    ct_json_text(object, "version", VGPU_VERSION);
    ct_json_put(object, "broker", row_or_error(ct_view_broker(view), &view->broker_error));
    ct_json_put(object, "hostd", row_or_error(ct_view_hostd(view), &view->hostd_error));
    ct_json_put(object, "gpus", ct_rows_json(&view->gpus));
    ct_json_put(object, "vms", ct_rows_json(&view->vms));
    ct_json_put(object, "restart_needed", notes);
    ct_json_print(object);
}

enum ct_status ct_run_status(const struct ct_options *options)
{
    struct ct_view view = {.has_broker = false};
    enum ct_status status = CT_OK;

    (void)ct_view_read_broker(&view, options);
    (void)ct_view_read_hostd(&view, options);
    if (options->json) {
        print_json(&view);
    } else {
        printf(LABEL "%s\n", "vgpuctl", VGPU_VERSION);
        print_broker(&view, options);
        print_hostd(&view);
        if (view.has_broker) {
            print_tables(&view);
            note_all(&view, NULL);
        }
    }
    if (!view.has_broker) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "vgpuctl: %s\n", view.broker_error.text);
        status = view.broker_error.status;
    }
    ct_view_free(&view);
    return status;
}
