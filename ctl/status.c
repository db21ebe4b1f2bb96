/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl status: versions, state and totals; what must be restarted. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/stale.h"
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
        {"DEVICE", "device_revision", CT_REVISION},
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

static void print_notes(const struct ct_view *view)
{
    json_t *notes = ct_stale_notes(view);
    const json_t *entry;
    size_t i;

    json_array_foreach(notes, i, entry)
    {
        char name[CT_CELL];
        char text[2 * CT_CELL];

        printf("restart needed: %s %s: %s\n", json_string_value(json_object_get(entry, "what")),
               ct_escape(name, sizeof(name), json_string_value(json_object_get(entry, "name"))),
               ct_escape(text, sizeof(text), json_string_value(json_object_get(entry, "text"))));
    }
    json_decref(notes);
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

    ct_json_text(object, "version", VGPU_VERSION);
    ct_json_put(object, "broker", row_or_error(ct_view_broker(view), &view->broker_error));
    ct_json_put(object, "hostd", row_or_error(ct_view_hostd(view), &view->hostd_error));
    ct_json_put(object, "gpus", ct_rows_json(&view->gpus));
    ct_json_put(object, "vms", ct_rows_json(&view->vms));
    ct_json_put(object, "restart_needed", ct_stale_notes(view));
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
            print_notes(&view);
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
