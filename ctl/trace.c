/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl trace: the calls of a machine as the broker takes them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/json.h"
#include "proto/record.h"
#include "vgpu_ops.h"

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static void name_op(uint32_t op, char name[static 64])
{
    const struct vgpu_op_info *info = vgpu_op_find(op);

    if (info != NULL) {
        (void)snprintf(name, 64, "%s", info->name);
    } else {
        (void)snprintf(name, 64, op == VGPU_OP_FRAME ? "(control)" : "unknown 0x%08x", op);
    }
}

static void print_row(const ProtobufCMessage *row, uint64_t start_ns)
{
    uint64_t time_ns = ct_row_number(row, "time_ns");
    char name[64];

    if (ct_row_number(row, "dropped") > 0) {
        printf("              %llu records left out here\n",
               (unsigned long long)ct_row_number(row, "dropped"));
    }
    name_op((uint32_t)ct_row_number(row, "op"), name);
    printf("%12.6f  %7llu  %4u  %6u  %s%s\n", (double)(time_ns - start_ns) / 1e9,
           (unsigned long long)ct_row_number(row, "session"),
           (unsigned int)ct_row_number(row, "lane"), (unsigned int)ct_row_number(row, "bytes"),
           name, (ct_row_number(row, "flags") & VGPU_RECORD_ANSWER) != 0 ? "  (answered)" : "");
    (void)fflush(stdout);
}

static void print_json(const ProtobufCMessage *row)
{
    json_t *object = ct_json_row(row);
    char name[64];

    name_op((uint32_t)ct_row_number(row, "op"), name);
    ct_json_text(object, "name", name);
    ct_json_print_line(object);
}

static int follow(const struct ct_options *options, struct ct_client *client,
                  struct ct_error *error)
{
    uint64_t start_ns = 0;
    uint64_t count = 0;
    Vgpu__Frame *frame;
    int rc = 1;

    while (ended == 0 && (options->count == 0 || count < options->count)) {
        rc = ct_client_next(client, &frame, error);
        if (rc <= 0) {
            return rc;
        }
        if (frame->kind_case != VGPU__FRAME__KIND_TRACE_ROW) {
            ct_error_set(error, CT_FAILED, "%s: an answer that was not asked for", client->path);
            return -EPROTO;
        }
        start_ns = count++ == 0 ? frame->trace_row->time_ns : start_ns;
        if (options->json) {
            print_json(&frame->trace_row->base);
        } else {
            print_row(&frame->trace_row->base, start_ns);
        }
    }
    return 0;
}

enum ct_status ct_run_trace(const struct ct_options *options)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct ct_client client;
    struct ct_error error;
    int rc = ct_client_open(&client, CT_SERVER_BROKER, options->control, &error);

    if (rc < 0) {
        return ct_error_report(options, &error);
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    client.patience_ms = -1;
    rc = ct_client_ask(&client, VGPU_CTL_TRACE, options->arguments[0], &error);
    if (rc == 0 && !options->json) {
        printf("%12s  %7s  %4s  %6s  %s\n", "SECONDS", "SESSION", "LANE", "BYTES", "CALL");
        (void)fflush(stdout);
    }
    rc = rc == 0 ? follow(options, &client, &error) : rc;
    ct_client_close(&client);
    return rc < 0 && ended == 0 ? ct_error_report(options, &error) : CT_OK;
}
