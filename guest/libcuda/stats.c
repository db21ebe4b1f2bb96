/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/stats.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "gs_call_info.h"
#include "guest/libcuda/log.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stub.h"
#include "guest/libcuda/thread.h"

static _Atomic bool armed;
static uint64_t started_ns;
static _Atomic uint64_t early; /* calls of threads that have no gs_thread */
static _Atomic uint64_t unsupported;
static _Atomic bool told[GS_CALLS];
/* What the thread called last. */
static __thread unsigned int present __attribute__((tls_model("initial-exec")));

/* A call has been answered here if it sent nothing: known when the next one starts. */
static void settle(struct gs_thread *thread)
{
    uint64_t sent = atomic_load_explicit(&thread->one_way, memory_order_relaxed) +
                    atomic_load_explicit(&thread->round_trip, memory_order_relaxed);

    if (sent == thread->mark && atomic_load_explicit(&thread->calls, memory_order_relaxed) > 0) {
        gs_bump(&thread->local);
    }
    thread->mark = sent;
}

void gs_count(unsigned int call_index)
{
    struct gs_thread *thread = gs_thread_peek();

    present = call_index;
    if (thread == NULL) {
        (void)atomic_fetch_add_explicit(&early, 1, memory_order_relaxed);
        return;
    }
    settle(thread);
    gs_bump(&thread->calls);
}

/* Counts a refusal; true at the first of its call. */
static bool refuse(unsigned int call_index)
{
    (void)atomic_fetch_add_explicit(&unsupported, 1, memory_order_relaxed);
    return call_index < GS_CALLS && !atomic_exchange(&told[call_index], true);
}

CUresult gs_unsupported(unsigned int call_index)
{
    if (gs_ready() != CUDA_SUCCESS) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (refuse(call_index)) {
        gs_log("%s is not supported", gs_call_info[call_index].name);
    }
    return gs_told(call_index, CUDA_ERROR_NOT_SUPPORTED);
}

CUresult gs_absent(unsigned int call_index)
{
    int version = gs_driver_version();

    if (gs_ready() != CUDA_SUCCESS) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (refuse(call_index)) {
        gs_log("the driver of the host (CUDA %d.%d) has no %s", version / 1000, version % 1000 / 10,
               gs_call_info[call_index].name);
    }
    return gs_told(call_index, CUDA_ERROR_NOT_SUPPORTED);
}

CUresult gs_unsupported_here(const char *how)
{
    if (refuse(present)) {
        gs_log("%s is not supported %s", gs_call_info[present].name, how);
    }
    return CUDA_ERROR_NOT_SUPPORTED;
}

static uint32_t first_worker(void)
{
    for (int i = 0; i < gs_device_count(); i++) {
        struct gs_session *s = atomic_load(&gs_device_find(i)->session);

        if (s != NULL) {
            return atomic_load(&s->worker_pid);
        }
    }
    return 0;
}

static int format(char *line, size_t cap, const char *at)
{
    struct gs_thread_totals totals;

    gs_thread_totals(&totals);
    return snprintf(line, cap,
                    "program=%s pid=%d worker_pid=%u local=%" PRIu64 " one_way=%" PRIu64
                    " round_trip=%" PRIu64 " host_waits=%" PRIu64 " unsupported=%" PRIu64
                    " bytes_htod=%" PRIu64 " bytes_dtoh=%" PRIu64 " ms=%" PRIu64 " at=%s\n",
                    gs_process_program(), (int)getpid(), first_worker(),
                    totals.local + atomic_load(&early), totals.one_way, totals.round_trip,
                    totals.host_waits, atomic_load(&unsupported), atomic_load(&gs_bytes_htod),
                    atomic_load(&gs_bytes_dtoh), (vgpu_clock_ns() - started_ns) / VGPU_NS_PER_MS,
                    at);
}

void gs_stats_mark(const char *at)
{
    const char *path = secure_getenv("VGPU_STATS_FILE");
    char line[512];
    int len;
    int fd;

    if (!atomic_load(&armed) || path == NULL || *path == '\0') {
        return;
    }
    len = format(line, sizeof(line), at);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || len <= 0 || (size_t)len >= sizeof(line)) {
        vgpu_fd_close(&fd);
        return;
    }
    if (write(fd, line, (size_t)len) != len) {
        gs_log("the summary could not be written");
    }
    vgpu_fd_close(&fd);
}

__attribute__((destructor)) static void write_summary(void)
{
    gs_stats_mark("exit");
}

void gs_stats_arm(void)
{
    if (!atomic_load(&armed)) {
        started_ns = vgpu_clock_ns();
        atomic_store(&armed, true);
    }
}

void gs_stats_disarm(void)
{
    atomic_store(&armed, false);
}
