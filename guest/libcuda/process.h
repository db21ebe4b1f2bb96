/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_PROCESS_H
#define GS_PROCESS_H

/* What there is once in a process: the devices, and how the process ends. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/session.h"
#include "proto/limits.h"
#include "vgpu.pb-c.h"

/* What Welcome said of a device. */
struct gs_facts {
    char name[VGPU_TEXT_BYTES_MAX];
    uint8_t uuid[16];
    char pci_bus_id[VGPU_TEXT_BYTES_MAX];
    uint64_t total_memory;
    int32_t attributes[VGPU_ATTRIBUTES_MAX]; /* 0: also one that the device does not have */
    bool valid[VGPU_ATTRIBUTES_MAX];
    int32_t priority_least;
    int32_t priority_greatest;
    uint32_t ordinal; /* of the host */
};

struct gs_device {
    struct gs_facts facts;
    /* Guards the rest, and the state of the session. */
    pthread_mutex_t lock;
    struct gs_session *_Atomic session; /* NULL until a context was active */
    unsigned int primary_users;
    unsigned int contexts; /* active ones, the primary included */
};

enum gs_process_state { GS_PROCESS_NEW, GS_PROCESS_STARTED, GS_PROCESS_CHILD };
extern _Atomic int gs_process_state;

/* CUDA_SUCCESS after cuInit; CUDA_ERROR_NOT_PERMITTED in a host function of a stream; else
 * CUDA_ERROR_NOT_INITIALIZED, the latter for ever in the child of a fork.  No lock. */
static inline CUresult gs_ready(void)
{
    int now = atomic_load_explicit(&gs_process_state, memory_order_acquire);

    if (__builtin_expect(gs_host_call_inside(), 0)) {
        return CUDA_ERROR_NOT_PERMITTED;
    }
    return __builtin_expect(now == GS_PROCESS_STARTED, 1) ? CUDA_SUCCESS
                                                          : CUDA_ERROR_NOT_INITIALIZED;
}

/* Connects if that has not been done: the devices are known then.  Any thread. */
CUresult gs_process_connect(void);

/* The same for questions that come before cuInit, by hundreds: when the host could not be reached
 * once, they do not try again. */
void gs_process_connect_once(void);

/* Marks cuInit as done. */
void gs_process_start(void);

/* Devices that the program may see ($CUDA_VISIBLE_DEVICES), in the order of $CUDA_DEVICE_ORDER. */
extern struct gs_device gs_devices[VGPU_DEVICES_MAX];
extern int gs_devices_there;
static inline int gs_device_count(void)
{
    return gs_devices_there;
}

/* NULL: no such device. */
static inline struct gs_device *gs_device_find(CUdevice device)
{
    return device >= 0 && device < gs_devices_there ? &gs_devices[device] : NULL;
}

/* The number under which the program knows the device. */
CUdevice gs_device_index(const struct gs_device *device);

/* The value of an attribute, or `otherwise` when the device has none. */
static inline int gs_device_attribute(const struct gs_device *device, CUdevice_attribute attribute,
                                      int otherwise)
{
    unsigned int i = (unsigned int)attribute;

    return i < VGPU_ATTRIBUTES_MAX && device->facts.valid[i] ? device->facts.attributes[i]
                                                             : otherwise;
}

/* A session for the device: the one that cuInit connected or a new one.  With the device's lock. */
CUresult gs_device_session(struct gs_device *device, struct gs_session **session);

/* The session that a public handle of this kind belongs to; NULL: none, or one without worker. */
static inline struct gs_session *gs_session_of(uint64_t handle, enum vgpu_handle_kind kind)
{
    struct gs_device *device = gs_device_find((CUdevice)((handle >> 28) & 0xf));
    struct gs_session *s;

    if (vgpu_handle_kind_of(handle) != kind || device == NULL) {
        return NULL;
    }
    s = atomic_load_explicit(&device->session, memory_order_acquire);
    return s != NULL && s->streams != NULL ? s : NULL;
}

/* Copies the facts; called once for each connected channel. */
void gs_process_welcome(const Vgpu__Welcome *welcome);

/* The code that every call gives from now on, or CUDA_SUCCESS.  The first one stays. */
static inline CUresult gs_process_sticky(void)
{
    return (CUresult)atomic_load_explicit(&gs_sticky, memory_order_relaxed);
}
void gs_process_set_sticky(CUresult cu);

/* The same, and of a fault that so far only a device's session knows of. */
CUresult gs_process_error(void);

/* The program's name, valid for ever. */
char *gs_process_program(void);

/* Bytes copied, for the summary. */
extern _Atomic uint64_t gs_bytes_htod;
extern _Atomic uint64_t gs_bytes_dtoh;

#endif
