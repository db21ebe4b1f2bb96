/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "executor/sim/age.h"
#include "executor/sim/context.h"
#include "executor/sim/engine.h"
#include "executor/sim/rule.h"

struct sim sim = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
    .map_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP,
    .version = SIM_VERSION,
};

__thread bool sim_in_host_func;

uint64_t sim_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void sim_log(const char *fmt, ...)
{
    char line[512];
    int at = snprintf(line, sizeof(line), "vgpu-sim: ");
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line + at, sizeof(line) - (size_t)at - 1, fmt, ap);
    va_end(ap);
    if (n < 0) {
        return;
    }
    n = (int)strnlen(line, sizeof(line) - 2);
    line[n++] = '\n';
    (void)!write(STDERR_FILENO, line, (size_t)n);
}

static unsigned long env_number(const char *name, unsigned long fallback, unsigned long max)
{
    const char *text = getenv(name);
    char *end;
    unsigned long v;

    if (text == NULL || *text == '\0') {
        return fallback;
    }
    v = strtoul(text, &end, 0);
    if (*end != '\0' || v > max) {
        sim_log("%s=%s is not a number up to %lu: ignored", name, text, max);
        return fallback;
    }
    return v;
}

CUresult sim_begin(const char *call)
{
    CUresult cu;

    if (sim_in_host_func) {
        return CUDA_ERROR_NOT_PERMITTED;
    }
    cu = sim_rule_call(call);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (sim.forked) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    pthread_mutex_lock(&sim.lock);
    return sim.inited ? CUDA_SUCCESS : sim_end(CUDA_ERROR_NOT_INITIALIZED);
}

CUresult sim_begin_ctx(const char *call, CUcontext *ctx)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *ctx = context_current();
    if (*ctx == NULL) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    if (!(*ctx)->active) {
        return sim_end(CUDA_ERROR_CONTEXT_IS_DESTROYED);
    }
    return sim.sticky == CUDA_SUCCESS ? CUDA_SUCCESS : sim_end(sim.sticky);
}

CUresult sim_end(CUresult cu)
{
    pthread_mutex_unlock(&sim.lock);
    return cu;
}

void sim_poison(CUresult cu)
{
    if (sim.sticky == CUDA_SUCCESS) {
        __atomic_store_n(&sim.sticky, cu, __ATOMIC_RELEASE);
    }
    pthread_cond_broadcast(&sim.work);
    pthread_cond_broadcast(&sim.done);
}

static CUresult device_start(struct sim_device *dev)
{
    dev->page_count = dev->total_bytes / SIM_PAGE;
    dev->page_used = calloc(dev->page_count, 1);
    dev->memfd = memfd_create("vgpu-sim", MFD_CLOEXEC);
    if (dev->page_used == NULL || dev->memfd < 0 ||
        ftruncate(dev->memfd, (off_t)(dev->page_count * SIM_PAGE)) != 0) {
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    return CUDA_SUCCESS;
}

CUresult sim_start(void)
{
    if (sim.started) {
        return CUDA_SUCCESS;
    }
    for (int i = 0; i < sim.device_count; i++) {
        CUresult cu = device_start(&sim.device[i]);

        if (cu != CUDA_SUCCESS) {
            return cu;
        }
    }
    if (engine_start() != 0) {
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    sim.started = true;
    return CUDA_SUCCESS;
}

static void settings_read(void)
{
    size_t bytes = env_number("VGPU_SIM_MEMORY", (size_t)2 << 30, (size_t)1 << 40);

    sim.version = (int)env_number("VGPU_SIM_VERSION", SIM_VERSION, 99990);
    sim.device_count = (int)env_number("VGPU_SIM_DEVICES", 1, SIM_DEVICES_MAX);
    for (int i = 0; i < sim.device_count; i++) {
        sim.device[i].ordinal = i;
        sim.device[i].memfd = -1;
        sim.device[i].total_bytes = sim_round_up(bytes, SIM_PAGE);
    }
}

/* Nothing of a device is usable in a child, whose parent may have held the lock. */
static void in_child(void)
{
    sim.forked = true;
    (void)pthread_mutex_init(&sim.lock, NULL);
}

CUresult cuInit(unsigned int Flags)
{
    CUresult cu = sim_rule_call(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (Flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (sim_in_host_func) {
        return CUDA_ERROR_NOT_PERMITTED;
    }
    if (sim.forked) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    pthread_mutex_lock(&sim.lock);
    if (!sim.inited) {
        settings_read();
        if (sim.device_count == 0) {
            return sim_end(CUDA_ERROR_NO_DEVICE);
        }
        if (pthread_atfork(NULL, NULL, in_child) != 0) {
            return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
        }
        sim.inited = true;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDriverGetVersion(int *driverVersion)
{
    CUresult cu = sim_rule_call(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (driverVersion == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    pthread_mutex_lock(&sim.lock);
    if (!sim.inited) {
        settings_read();
    }
    *driverVersion = sim.version;
    return sim_end(CUDA_SUCCESS);
}
