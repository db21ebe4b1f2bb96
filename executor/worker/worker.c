/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/worker.h"

#include <stdio.h>
#include <string.h>

#include "executor/driver.h"
#include "executor/sandbox/trace.h"
#include "executor/worker/console.h"
#include "executor/worker/device.h"
#include "executor/worker/exit_status.h"
#include "executor/worker/pipe.h"
#include "executor/worker/reservation.h"
#include "executor/worker/selftest.h"
#include "executor/worker/session.h"
#include "executor/worker/startup.h"

/* One of each per process. */
static struct ex_driver driver;
static struct vgpu_frame_socket pipe_socket;
static struct ex_outbox outbox;
static struct ex_session session;

struct start {
    CUdevice device;
    CUcontext context;
    struct ex_layers layers;
    bool serves; /* a guest, that is: what the driver prints is the guest's */
    char why[VGPU_TEXT_BYTES_MAX];
};

static CUresult explain(struct start *s, const char *what, CUresult cu)
{
    if (cu != CUDA_SUCCESS && s->why[0] == '\0') {
        (void)snprintf(s->why, sizeof(s->why), "%s: %s (%d)", what,
                       ex_driver_error_name(&driver, cu), (int)cu);
    }
    return cu;
}

/* Isolation, driver and context. */
static CUresult start_device(const struct ex_options *options, struct start *s)
{
    CUresult cu;

    if (ex_startup_isolate(options, &s->layers) < 0 || (s->serves && ex_console_prepare() < 0)) {
        (void)snprintf(s->why, sizeof(s->why), "the process cannot be isolated");
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    if (ex_driver_open(&driver, options->driver, s->why, sizeof(s->why)) < 0) {
        return CUDA_ERROR_SHARED_OBJECT_INIT_FAILED;
    }
    cu = explain(s, "cuInit", ex_device_init(&driver, &options->gpu, &s->device));
    if (cu == CUDA_SUCCESS) {
        cu = explain(s, "context", ex_device_context(&driver, s->device, &s->context));
    }
    if (cu == CUDA_SUCCESS && ex_reservation_arenas(&driver) == 0) {
        cu = explain(s, "device addresses", CUDA_ERROR_OUT_OF_MEMORY);
    }
    return cu;
}

/* Warm-up, threads, lock. */
static CUresult start_locked(const struct ex_options *options, struct start *s, FILE *report)
{
    struct ex_helpers *helpers;
    CUresult cu = explain(s, "self-test", ex_selftest_run(&driver, s->device, report));

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (s->serves && ex_console_start() < 0) {
        return explain(s, "console thread", CUDA_ERROR_OUT_OF_MEMORY);
    }
    helpers = ex_helpers_start(&driver, s->context, options->settings.helpers);
    if (helpers == NULL || ex_session_init(&session, &driver, s->device, &outbox, helpers) < 0) {
        return explain(s, "threads and tables", CUDA_ERROR_OUT_OF_MEMORY);
    }
    session.context = s->context;
    if (ex_startup_lock(options, &s->layers) < 0) {
        (void)snprintf(s->why, sizeof(s->why), "the process cannot be locked");
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    return CUDA_SUCCESS;
}

static void send_failure(const struct start *s, CUresult cu)
{
    char reason[VGPU_TEXT_BYTES_MAX];
    Vgpu__Fatal fatal;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    memcpy(reason, s->why, sizeof(reason));
    vgpu__fatal__init(&fatal);
    fatal.result = (int32_t)cu;
    fatal.reason = reason;
    frame.kind_case = VGPU__FRAME__KIND_FATAL;
    frame.fatal = &fatal;
    vgpu_log(VGPU_LOG_ERROR, "worker cannot start reason=\"%s\"", s->why);
    ex_outbox_last(&outbox, &frame, EX_EXIT_START);
}

static void send_ready(const struct ex_options *options, const struct start *s)
{
    Vgpu__Ready ready = VGPU__READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    ready.landlock_abi = s->layers.landlock_abi;
    ready.filter_hash = s->layers.filter_hash;
    ready.nonce = options->nonce;
    frame.kind_case = VGPU__FRAME__KIND_READY;
    frame.ready = &ready;
    ex_outbox_send(&outbox, &frame);
}

static void open_pipe(void)
{
    vgpu_frame_socket_init(&pipe_socket, EX_PIPE_FD);
    ex_outbox_init(&outbox, &pipe_socket);
}

int ex_worker_main(const struct ex_options *options)
{
    struct start s = {.serves = true, .why = ""};
    CUresult cu;

    open_pipe();
    cu = start_device(options, &s);
    if (cu == CUDA_SUCCESS) {
        cu = start_locked(options, &s, NULL);
    }
    if (cu != CUDA_SUCCESS) {
        send_failure(&s, cu);
    }
    send_ready(options, &s);
    int rc = ex_session_serve(&session, &pipe_socket);

    ex_console_leave();
    return rc == 0 ? EX_EXIT_PEER : EX_EXIT_BROKEN;
}

int ex_probe_main(const struct ex_options *options)
{
    static struct ex_facts facts;
    struct start s = {.why = ""};
    Vgpu__Facts message = VGPU__FACTS__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int count = 0;
    CUresult cu;

    open_pipe();
    cu = start_device(options, &s);
    if (cu == CUDA_SUCCESS) {
        cu = ex_device_facts(&driver, s.device, &facts);
        message.facts = &facts.message;
    } else {
        vgpu_log(VGPU_LOG_ERROR, "probe failed reason=\"%s\"", s.why);
    }
    if (driver.cuDeviceGetCount != NULL && driver.cuDeviceGetCount(&count) == CUDA_SUCCESS) {
        message.device_count = (uint32_t)count;
    }
    message.result = (int32_t)cu;
    frame.kind_case = VGPU__FRAME__KIND_FACTS;
    frame.facts = &message;
    ex_outbox_last(&outbox, &frame, cu == CUDA_SUCCESS ? 0 : EX_EXIT_START);
}

int ex_selftest_main(const struct ex_options *options)
{
    struct start s = {.why = ""};
    CUresult cu = start_device(options, &s);

    (void)fprintf(stdout, "driver and context       %s\n", cu == CUDA_SUCCESS ? "OK" : s.why);
    if (cu == CUDA_SUCCESS) {
        cu = start_locked(options, &s, stdout);
        (void)fprintf(stdout, "lock                     %s\n", cu == CUDA_SUCCESS ? "OK" : s.why);
    }
    if (cu == CUDA_SUCCESS) {
        (void)fprintf(stdout, "-- locked --\n");
        (void)fflush(stdout);
        cu = ex_selftest_run(&driver, s.device, stdout);
    }
    (void)fprintf(stdout, "landlock abi %u, filter %016llx, calls without a rule %u\n",
                  s.layers.landlock_abi, (unsigned long long)s.layers.filter_hash,
                  ex_trace_count());
    (void)fflush(stdout);
    return cu == CUDA_SUCCESS && ex_trace_count() == 0 ? 0 : 1;
}
