/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_MONITOR_H
#define NV_MONITOR_H

/*
 * This process's way to ask the broker, without a worker.
 *
 *   closed ──first question──► open ──5 s without one, or the last nvmlShutdown──► closed
 *
 * The channel is the library's own, beside those of libcuda.so.1, and it is not kept for nothing:
 * programs that call nvmlInit once and never nvmlShutdown are many, a machine's channels few.
 * A thread that sleeps as long as the channel is open gives it back.  Any thread may ask.
 */

#include "guest/libnvml/device.h"

/* What the machine holds now.  By the places of Welcome, which the uuids tell. */
struct nv_survey {
    size_t devices;
    uint8_t uuid[VGPU_DEVICES_MAX][16];
    uint64_t used[VGPU_DEVICES_MAX];
    uint64_t free[VGPU_DEVICES_MAX];
    size_t processes;
    uint32_t process[VGPU_SURVEY_PROCESSES_MAX];
    uint32_t ordinal[VGPU_SURVEY_PROCESSES_MAX];
    uint64_t process_used[VGPU_SURVEY_PROCESSES_MAX];
};

/* Says Hello and fills in what Welcome says.  NVML_SUCCESS, also without GPU; what stands in the
 * way as a code of nvmlInit, and in words on standard error. */
nvmlReturn_t nv_monitor_system(struct nv_system *system);

/* Asks what the machine holds.  NVML_ERROR_GPU_IS_LOST when the broker cannot be asked. */
nvmlReturn_t nv_monitor_survey(struct nv_survey *survey);

/* Lets go of the channel now. */
void nv_monitor_close(void);

/* Around fork: held by the parent meanwhile, fresh in the child, which opens a channel of its own
 * when it asks. */
void nv_monitor_before_fork(void);
void nv_monitor_after_fork(void);
void nv_monitor_in_child(void);

#endif
