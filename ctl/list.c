/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that show the rows of one question. */
#include <stdio.h>

#include "ctl/command.h"
#include "ctl/table.h"

struct list {
    enum vgpu_ctl_what what;
    const struct ct_column *columns;
    size_t count;
    const char *empty;
};

static const struct ct_column vm_columns[] = {
    {"NAME", "name", CT_TEXT},
    {"STATE", "state", CT_TEXT},
    {"POOL", "pool", CT_TEXT},
    {"SESSIONS", "sessions", CT_NUMBER},
    {"MEMORY", "memory_used", CT_BYTES},
    {"QUOTA", "memory_quota", CT_LIMIT},
    {"CALLS", "processed", CT_COUNT},
    {"DOORBELL", "doorbell_idle_ms", CT_AGE},
    {"CALL", "call_idle_ms", CT_AGE},
    {"IDENTITY", "identity", CT_TEXT},
    {"RESTART", "restart_needed", CT_TEXT},
};

static const struct ct_column gpu_columns[] = {
    {"GPU", "slot", CT_NUMBER},       {"UUID", "uuid", CT_TEXT},
    {"NAME", "name", CT_TEXT},        {"STATE", "state", CT_TEXT},
    {"POOLS", "pools", CT_TEXT},      {"MEMORY", "memory_used", CT_BYTES},
    {"OF", "memory_total", CT_BYTES}, {"SESSIONS", "sessions", CT_NUMBER},
    {"SPARES", "spares", CT_NUMBER},  {"CRASHED", "workers_crashed", CT_NUMBER},
    {"DRIVER", "driver", CT_TEXT},    {"CUDA", "cuda_version", CT_CUDA},
};

static const struct ct_column pool_columns[] = {
    {"POOL", "name", CT_TEXT},           {"VMS", "vms", CT_NUMBER},
    {"SESSIONS", "sessions", CT_NUMBER}, {"CALLS", "processed", CT_COUNT},
    {"GPUS", "gpus", CT_TEXT},
};

static const struct ct_column session_columns[] = {
    {"ID", "id", CT_NUMBER},
    {"VM", "vm", CT_TEXT},
    {"PROCESS", "process", CT_NUMBER},
    {"PROGRAM", "program", CT_TEXT},
    {"PHASE", "phase", CT_TEXT},
    {"GPU", "gpu", CT_NUMBER},
    {"WORKER", "worker_pid", CT_NUMBER},
    {"MEMORY", "memory_used", CT_BYTES},
    {"CALLS", "processed", CT_COUNT},
    {"QUEUED", "queued", CT_COUNT},
    {"AGE", "age_ms", CT_AGE},
    {"IDLE", "idle_ms", CT_AGE},
};

static enum ct_status show(const struct ct_options *options, const struct list *list)
{
    const char *vm = options->argument_count > 0 ? options->arguments[0] : "";
    struct ct_rows rows = {.count = 0};
    struct ct_error error;
    struct ct_client client;
    int rc = ct_client_open(&client, CT_SERVER_BROKER, options->control, &error);

    if (rc == 0) {
        rc = ct_rows_ask(&rows, &client, list->what, vm, &error);
        ct_client_close(&client);
    }
    if (rc == 0 && options->json) {
        ct_json_print(ct_rows_json(&rows));
    } else if (rc == 0) {
        ct_table_print(stdout, list->columns, list->count, &rows, 0, list->empty);
    }
    ct_rows_free(&rows);
    return rc < 0 ? ct_error_report(options, &error) : CT_OK;
}

#define COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

enum ct_status ct_run_vms(const struct ct_options *options)
{
    static const struct list list = {VGPU_CTL_VMS, vm_columns, COUNT(vm_columns),
                                     "no machines: vgpuctl vm add NAME"};

    return show(options, &list);
}

enum ct_status ct_run_gpus(const struct ct_options *options)
{
    static const struct list list = {VGPU_CTL_GPUS, gpu_columns, COUNT(gpu_columns),
                                     "no GPU has registered: vgpuctl doctor says why"};

    return show(options, &list);
}

enum ct_status ct_run_pools(const struct ct_options *options)
{
    static const struct list list = {
        VGPU_CTL_POOLS, pool_columns, COUNT(pool_columns),
        "no pools: every machine may use every GPU; vgpuctl pool set NAME GPU..."};

    return show(options, &list);
}

enum ct_status ct_run_sessions(const struct ct_options *options)
{
    static const struct list list = {VGPU_CTL_SESSIONS, session_columns, COUNT(session_columns),
                                     "no guest process uses a GPU"};

    return show(options, &list);
}
