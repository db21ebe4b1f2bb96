/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change something: vgpu-hostd checks, keeps and does it, or says what is wrong. */
#include <string.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/json.h"

/* Points `frame` to the change, which takes its id from the client. */
typedef void (*ct_fill)(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame);

static enum ct_status change(const struct ct_options *options, ct_fill fill)
{
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    struct ct_client client;
    struct ct_error error;
    int rc = ct_client_open(&client, CT_SERVER_HOSTD, options->hostd, &error);

    if (rc == 0) {
        fill(options, ct_client_new_id(&client), &frame);
        rc = ct_client_change(&client, &frame, &error);
        ct_client_close(&client);
    }
    if (rc < 0) {
        return ct_error_report(options, &error);
    }
    if (options->json) {
        json_t *object = json_object();

        ct_json_bool(object, "done", true);
        ct_json_print(object);
    }
    return CT_OK;
}

static void fill_vm(const struct ct_options *options, uint32_t id, enum vgpu_ctl_change what,
                    Vgpu__Frame *frame)
{
    static Vgpu__VmChange message;

    vgpu__vm_change__init(&message);
    message.id = id;
    message.what = what;
    message.name = options->arguments[0];
    message.assign = options->arguments + 1;
    message.n_assign = (size_t)options->argument_count - 1;
    frame->kind_case = VGPU__FRAME__KIND_VM_CHANGE;
    frame->vm_change = &message;
}

static void fill_vm_add(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame)
{
    fill_vm(options, id, VGPU_CTL_ADD, frame);
}

static void fill_vm_set(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame)
{
    fill_vm(options, id, VGPU_CTL_SET, frame);
}

static void fill_vm_remove(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame)
{
    fill_vm(options, id, VGPU_CTL_REMOVE, frame);
}

static void fill_pool(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame)
{
    static Vgpu__PoolChange message;

    vgpu__pool_change__init(&message);
    message.id = id;
    message.name = options->arguments[0];
    message.gpu = options->arguments + 1;
    message.n_gpu = (size_t)options->argument_count - 1;
    frame->kind_case = VGPU__FRAME__KIND_POOL_CHANGE;
    frame->pool_change = &message;
}

static void fill_gpu(const struct ct_options *options, uint32_t id, bool drained,
                     Vgpu__Frame *frame)
{
    static Vgpu__GpuChange message;

    vgpu__gpu_change__init(&message);
    message.id = id;
    message.gpu = options->arguments[0];
    message.drained = drained;
    frame->kind_case = VGPU__FRAME__KIND_GPU_CHANGE;
    frame->gpu_change = &message;
}

static void fill_drain(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame)
{
    fill_gpu(options, id, true, frame);
}

static void fill_undrain(const struct ct_options *options, uint32_t id, Vgpu__Frame *frame)
{
    fill_gpu(options, id, false, frame);
}

/* What no text of a change may look like; the rest is vgpu-hostd's to judge. */
static bool check_assigns(const struct ct_options *options, struct ct_error *error)
{
    char word[64];

    for (int i = 1; i < options->argument_count; i++) {
        if (strchr(options->arguments[i], '=') == NULL) {
            ct_error_set(error, CT_USAGE, "'%s' is not KEY=VALUE",
                         ct_escape(word, sizeof(word), options->arguments[i]));
            return false;
        }
    }
    return true;
}

static enum ct_status change_vm(const struct ct_options *options, ct_fill fill)
{
    struct ct_error error;

    return check_assigns(options, &error) ? change(options, fill)
                                          : ct_error_report(options, &error);
}

enum ct_status ct_run_vm_add(const struct ct_options *options)
{
    return change_vm(options, fill_vm_add);
}

enum ct_status ct_run_vm_set(const struct ct_options *options)
{
    return change_vm(options, fill_vm_set);
}

enum ct_status ct_run_vm_remove(const struct ct_options *options)
{
    return change(options, fill_vm_remove);
}

enum ct_status ct_run_pool(const struct ct_options *options)
{
    return change(options, fill_pool);
}

enum ct_status ct_run_gpu_drain(const struct ct_options *options)
{
    return change(options, fill_drain);
}

enum ct_status ct_run_gpu_undrain(const struct ct_options *options)
{
    return change(options, fill_undrain);
}
