/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/process.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/environment.h"
#include "guest/libcuda/facts.h"
#include "guest/libcuda/logs.h"
#include "guest/libcuda/registration.h"
#include "guest/libcuda/stats.h"
#include "guest/libcuda/stub.h"
#include "guest/libcuda/thread.h"

_Atomic int gs_process_state = GS_PROCESS_NEW;
static _Atomic bool connected;

/* Guards connecting and handing out sessions. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gs_session sessions[VGPU_DEVICES_MAX];
static unsigned int sessions_used;
struct gs_device gs_devices[VGPU_DEVICES_MAX];
int gs_devices_there;
static _Atomic int driver_version = CUDA_VERSION;

_Atomic uint64_t gs_bytes_htod;
_Atomic uint64_t gs_bytes_dtoh;

/* The child has the parent's memory but not its channel: it may not speak there, and a CUDA
 * process cannot be forked natively either. */
static void in_child(void)
{
    atomic_store(&gs_process_state, GS_PROCESS_CHILD);
    gs_registrations_in_child();
    for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
        gs_channel_close(&sessions[i].link.channel);
    }
    gs_captures_after_fork();
    gs_thread_after_fork();
    gs_logs_after_fork();
    gs_stats_disarm();
}

static void choose_spin(void)
{
    cpu_set_t set;
    int cpus = 1;

    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        cpus = CPU_COUNT(&set);
    }
    gs_link_choose_spin((unsigned int)cpus, gs_environment()->spin_ns);
}

static void prepare_once(void)
{
    gs_environment_read();
    choose_spin();
    (void)pthread_atfork(gs_registrations_before_fork, gs_registrations_after_fork, in_child);
    for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
        (void)pthread_mutex_init(&gs_devices[i].lock, NULL);
    }
}

static CUresult connect_locked(void)
{
    static bool prepared;
    CUresult cu;

    if (atomic_load(&connected)) {
        return CUDA_SUCCESS;
    }
    if (!prepared) {
        prepare_once();
        prepared = true;
    }
    cu = gs_session_connect(&sessions[0]);
    if (cu == CUDA_SUCCESS) {
        gs_contexts_init();
        atomic_store_explicit(&connected, true, memory_order_release);
    }
    return cu;
}

CUresult gs_process_connect(void)
{
    CUresult cu;

    if (atomic_load(&gs_process_state) == GS_PROCESS_CHILD) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    (void)pthread_mutex_lock(&lock);
    cu = connect_locked();
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

void gs_process_connect_once(void)
{
    static _Atomic bool failed;

    if (!atomic_load_explicit(&connected, memory_order_acquire) && !atomic_load(&failed) &&
        gs_process_connect() != CUDA_SUCCESS) {
        atomic_store(&failed, true);
    }
}

void gs_process_start(void)
{
    int expected = GS_PROCESS_NEW;

    gs_stats_arm();
    (void)atomic_compare_exchange_strong(&gs_process_state, &expected, GS_PROCESS_STARTED);
}

void gs_process_welcome(const Vgpu__Welcome *welcome)
{
    if (atomic_load(&connected)) {
        return; /* another channel of the same host */
    }
    if (welcome->driver_version != 0 && welcome->driver_version < CUDA_VERSION) {
        atomic_store_explicit(&driver_version, (int)welcome->driver_version, memory_order_relaxed);
    }
    gs_devices_there = gs_facts_take(welcome, gs_devices);
}

int gs_driver_version(void)
{
    return atomic_load_explicit(&driver_version, memory_order_relaxed);
}

CUdevice gs_device_index(const struct gs_device *device)
{
    return (CUdevice)(device - gs_devices);
}

CUresult gs_device_session(struct gs_device *device, struct gs_session **session)
{
    struct gs_session *s = atomic_load(&device->session);
    CUresult cu = CUDA_SUCCESS;

    if (s == NULL) {
        (void)pthread_mutex_lock(&lock);
        s = &sessions[sessions_used];
        if (s->state == GS_SESSION_CLOSED) {
            cu = gs_session_connect(s);
        }
        if (cu == CUDA_SUCCESS) {
            sessions_used++;
            s->ordinal = device->facts.ordinal;
            s->index = (uint32_t)gs_device_index(device);
            gs_alloc_map_init(
                &s->allocs); /* others look into it whether there is a worker or not */
            atomic_store(&device->session, s);
        }
        (void)pthread_mutex_unlock(&lock);
    }
    *session = s;
    return cu;
}

void gs_process_set_sticky(CUresult cu)
{
    uint32_t none = 0;

    (void)atomic_compare_exchange_strong(&gs_sticky, &none, (uint32_t)cu);
}

CUresult gs_process_error(void)
{
    CUresult cu = gs_process_sticky();

    for (int i = 0; i < gs_device_count() && cu == CUDA_SUCCESS; i++) {
        struct gs_session *s = atomic_load(&gs_devices[i].session);

        cu = s != NULL ? gs_session_error(s) : CUDA_SUCCESS;
    }
    return cu;
}

char *gs_process_program(void)
{
    return program_invocation_short_name;
}
