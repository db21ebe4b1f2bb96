/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libnvml/library.h"

#include <pthread.h>
#include <string.h>

#include "guest/libnvml/monitor.h"
#include "guest/transport/voice.h"
#include "nvml_api.h"

/* Written by nvmlInit and nvmlShutdown, read by every call. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static unsigned int starts;
static struct nv_system known;

nvmlReturn_t nv_enter(void)
{
    (void)pthread_rwlock_rdlock(&lock);
    if (starts == 0) {
        (void)pthread_rwlock_unlock(&lock);
        return NVML_ERROR_UNINITIALIZED;
    }
    return NVML_SUCCESS;
}

void nv_leave(void)
{
    (void)pthread_rwlock_unlock(&lock);
}

const struct nv_system *nv_system(void)
{
    return &known;
}

const struct nv_device *nv_device_of(nvmlDevice_t handle)
{
    for (unsigned int i = 0; i < known.count; i++) {
        if ((const void *)handle == &known.devices[i]) {
            return &known.devices[i];
        }
    }
    return NULL;
}

nvmlReturn_t nv_unsupported(const char *name, atomic_bool *told)
{
    nvmlReturn_t ret = nv_enter();

    if (ret != NVML_SUCCESS) {
        return ret;
    }
    nv_leave();
    /* Tools ask many of these only to show that there is no answer. */
    if (gs_voice_calls() && !atomic_exchange(told, true)) {
        gs_voice("%s is not supported", name);
    }
    return NVML_ERROR_NOT_SUPPORTED;
}

nvmlReturn_t nv_copy_text(char *to, unsigned int length, const char *text)
{
    size_t size = strlen(text) + 1;

    if (size > length) {
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    memcpy(to, text, size);
    return NVML_SUCCESS;
}

/* ---- fork -------------------------------------------------------------------- */

static void before_fork(void)
{
    (void)pthread_rwlock_wrlock(&lock);
    nv_monitor_before_fork();
}

static void after_fork(void)
{
    nv_monitor_after_fork();
    (void)pthread_rwlock_unlock(&lock);
}

/* The child goes on with what its parent knew. */
static void in_child(void)
{
    nv_monitor_in_child();
    (void)pthread_rwlock_init(&lock, NULL);
}

static void watch_forks(void)
{
    (void)pthread_atfork(before_fork, after_fork, in_child);
}

/* ---- nvmlInit, nvmlShutdown ---------------------------------------------------- */

static nvmlReturn_t start_locked(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    nvmlReturn_t ret = NVML_SUCCESS;

    (void)pthread_once(&once, watch_forks);
    if (starts == 0) {
        ret = nv_monitor_system(&known);
    }
    starts += ret == NVML_SUCCESS;
    return ret;
}

nvmlReturn_t nv_nvmlInit_v2(void)
{
    nvmlReturn_t ret;

    (void)pthread_rwlock_wrlock(&lock);
    ret = start_locked();
    (void)pthread_rwlock_unlock(&lock);
    return ret;
}

nvmlReturn_t nv_nvmlInitWithFlags(unsigned int flags)
{
    (void)flags;
    return nv_nvmlInit_v2();
}

nvmlReturn_t nv_nvmlShutdown(void)
{
    nvmlReturn_t ret = NVML_ERROR_UNINITIALIZED;

    (void)pthread_rwlock_wrlock(&lock);
    if (starts > 0) {
        starts--;
        ret = NVML_SUCCESS;
        if (starts == 0) {
            nv_monitor_close();
        }
    }
    (void)pthread_rwlock_unlock(&lock);
    return ret;
}
