/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/self_test_vm.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/view.h"

#define TEXT 256

struct step {
    const char *name;
    bool passed;
    char text[2 * TEXT];
    const char *cure;
};

struct machine {
    const struct ct_view *view;
    const ProtobufCMessage *vm;
    const char *name; /* escaped */
};

static void look_socket(const struct machine *machine, struct step *step)
{
    const char *path = ct_row_text(machine->vm, "socket");
    char clean[TEXT];
    struct stat what;

    step->passed = stat(path, &what) == 0 && S_ISSOCK(what.st_mode);
    (void)snprintf(step->text, sizeof(step->text), "%s%s", ct_escape(clean, sizeof(clean), path),
                   step->passed ? "" : " is not there");
    step->cure = "systemctl restart vgpu-hostd (machines of vgpu.conf: vgpu-broker)";
}

static void look_qemu(const struct machine *machine, struct step *step)
{
    char version[TEXT];
    char identity[TEXT];

    step->passed = ct_row_number(machine->vm, "pid") != 0;
    if (step->passed) {
        (void)snprintf(step->text, sizeof(step->text), "pid %u, QEMU %s, %s",
                       (unsigned int)ct_row_number(machine->vm, "pid"),
                       ct_escape(version, 64, ct_row_text(machine->vm, "qemu")),
                       ct_escape(identity, 64, ct_row_text(machine->vm, "identity")));
    } else {
        (void)snprintf(step->text, sizeof(step->text), "nobody is connected to the socket");
    }
    step->cure = "start the machine with vgpu-qemu ... -vgpu socket=PATH of this socket";
}

static void look_device(const struct machine *machine, struct step *step)
{
    char state[TEXT];
    uint64_t revision = ct_row_number(machine->vm, "device_revision");

    (void)ct_escape(state, sizeof(state), ct_row_text(machine->vm, "state"));
    step->passed = strcmp(state, "connected") == 0;
    (void)snprintf(step->text, sizeof(step->text), "%s, revision %u.%u", state,
                   (unsigned int)(revision >> 16 & 0xffff), (unsigned int)(revision & 0xffff));
    step->cure = "journalctl -u vgpu-broker: why it was turned away; then restart the machine";
}

static void look_channels(const struct machine *machine, struct step *step)
{
    char library[TEXT];

    (void)ct_escape(library, sizeof(library), ct_row_text(machine->vm, "library"));
    step->passed = true;
    (void)snprintf(step->text, sizeof(step->text), "%u in use, guest library %s",
                   (unsigned int)ct_row_number(machine->vm, "sessions"),
                   library[0] != '\0' ? library : "not seen yet");
}

static void look_age(const struct machine *machine, struct step *step, const char *field)
{
    int64_t idle = ct_row_signed(machine->vm, field);
    char age[CT_HUMAN];

    step->passed = idle >= 0;
    (void)snprintf(step->text, sizeof(step->text), idle >= 0 ? "%s ago" : "never",
                   ct_duration(age, idle >= 0 ? (uint64_t)idle : 0));
    step->cure = "in the machine, as root: vgpu-info --doctor; then run a CUDA program";
}

static void look_doorbell(const struct machine *machine, struct step *step)
{
    look_age(machine, step, "doorbell_idle_ms");
}

static void look_call(const struct machine *machine, struct step *step)
{
    look_age(machine, step, "call_idle_ms");
}

/* The GPU of its first session that has one, or any that is ready. */
static void look_gpu(const struct machine *machine, struct step *step)
{
    const struct ct_rows *gpus = &machine->view->gpus;
    char name[TEXT];
    unsigned int ready = 0;

    for (size_t i = 0; i < gpus->count; i++) {
        ready += strcmp(ct_row_text(ct_rows_at(gpus, i), "state"), "up") == 0;
    }
    step->passed = ready > 0;
    (void)snprintf(
        step->text, sizeof(step->text), "%u ready%s%s", ready, ready > 0 ? ": " : "",
        ready > 0 ? ct_escape(name, sizeof(name), ct_row_text(ct_rows_at(gpus, 0), "name")) : "");
    step->cure = "vgpuctl gpus; vgpuctl doctor";
}

static void show(json_t *array, const struct step *step)
{
    if (array != NULL) {
        json_t *entry = json_object();

        ct_json_text(entry, "name", step->name);
        ct_json_bool(entry, "passed", step->passed);
        ct_json_text(entry, "text", step->text);
        ct_json_text(entry, "cure", step->passed ? "" : step->cure);
        (void)json_array_append_new(array, entry);
        return;
    }
    printf("%-8s  %-6s  %s\n", step->name, step->passed ? "ok" : "FAILED", step->text);
    if (!step->passed) {
        printf("%21s%s\n", "-> ", step->cure);
    }
}

/* Whether all hops are in order. */
static bool walk(const struct machine *machine, json_t *array)
{
    static const struct {
        const char *name;
        void (*look)(const struct machine *machine, struct step *step);
    } steps[] = {
        {"socket", look_socket},     {"qemu", look_qemu},         {"device", look_device},
        {"channels", look_channels}, {"doorbell", look_doorbell}, {"call", look_call},
        {"gpu", look_gpu},
    };
    bool all = true;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct step step = {.name = steps[i].name, .cure = ""};

        steps[i].look(machine, &step);
        show(array, &step);
        all = all && step.passed;
    }
    return all;
}

static enum ct_status report(const struct ct_options *options, const struct machine *machine)
{
    static const char inside[] = "in the machine: vgpu-info --doctor";
    json_t *array = options->json ? json_array() : NULL;
    bool passed = walk(machine, array);

    if (array != NULL) {
        json_t *object = json_object();

        ct_json_text(object, "target", machine->name);
        ct_json_bool(object, "passed", passed);
        ct_json_put(object, "hops", array);
        ct_json_text(object, "inside", inside);
        ct_json_print(object);
    } else {
        printf("The other half is seen from inside; %s\n", inside);
    }
    return passed ? CT_OK : CT_FAILED;
}

enum ct_status ct_self_test_vm(const struct ct_options *options, const char *name)
{
    struct ct_view view = {.has_broker = false};
    struct machine machine = {.view = &view};
    enum ct_status status;
    char clean[TEXT];

    machine.name = ct_escape(clean, sizeof(clean), name);
    if (ct_view_read_broker(&view, options) < 0) {
        status = ct_error_report(options, &view.broker_error);
    } else {
        machine.vm = ct_rows_find(&view.vms, "name", name);
        if (machine.vm == NULL) {
            ct_error_set(&view.broker_error, CT_FAILED,
                         "no machine %s: vgpuctl vms lists them; vgpuctl vm add %s", clean, clean);
            status = ct_error_report(options, &view.broker_error);
        } else {
            status = report(options, &machine);
        }
    }
    ct_view_free(&view);
    return status;
}
