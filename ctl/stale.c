/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/stale.h"

#include <string.h>

static void note(json_t *array, const char *what, const char *name, const char *text,
                 const char *cure)
{
    json_t *entry = json_object();

    ct_json_text(entry, "what", what);
    ct_json_text(entry, "name", name);
    ct_json_text(entry, "text", text);
    ct_json_text(entry, "cure", cure);
    (void)json_array_append_new(array, entry);
}

/* A daemon of this host, by the row in which it says its version. */
static void note_daemon(json_t *array, const ProtobufCMessage *row, const char *what,
                        const char *cure)
{
    if (row != NULL && strcmp(ct_row_text(row, "version"), VGPU_VERSION) != 0) {
        note(array, what, ct_row_text(row, "version"), "installed is " VGPU_VERSION, cure);
    }
}

static void note_executor(json_t *array, const ProtobufCMessage *gpu)
{
    const char *version = ct_row_text(gpu, "supervisor");

    if (version[0] != '\0' && strcmp(version, VGPU_VERSION) != 0) {
        note(array, "executor", version, "installed is " VGPU_VERSION,
             "systemctl restart 'vgpu-executor@*'");
    }
}

static void note_machine(json_t *array, const ProtobufCMessage *vm)
{
    const char *needed = ct_row_text(vm, "restart_needed");

    if (needed[0] == '\0') {
        return;
    }
    if (strstr(needed, "device") != NULL) {
        note(array, "machine", ct_row_text(vm, "name"), needed,
             "shut the machine down and start it again: its QEMU has an older device");
    } else {
        note(array, "machine", ct_row_text(vm, "name"), needed,
             "in the machine: update the guest package, then start its programs again");
    }
}

json_t *ct_stale_notes(const struct ct_view *view)
{
    json_t *array = json_array();

    note_daemon(array, ct_view_broker(view), "broker", "systemctl restart vgpu-broker");
    note_daemon(array, ct_view_hostd(view), "hostd", "systemctl restart vgpu-hostd");
    for (size_t i = 0; i < view->gpus.count; i++) {
        note_executor(array, ct_rows_at(&view->gpus, i));
    }
    for (size_t i = 0; i < view->vms.count; i++) {
        note_machine(array, ct_rows_at(&view->vms, i));
    }
    return array;
}
