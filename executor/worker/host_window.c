/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/host_window.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/overflow.h"
#include "executor/worker/session.h"
#include "proto/channel.h"

#define PAGE_BYTES 4096u
/* With the progress words between the slots of lanes and the beacons. */
#define FENCES_BYTES                                                                               \
    ((size_t)8 * VGPU_BEACONS_MAX + VGPU_CHANNEL_BEACONS_OFFSET - VGPU_CHANNEL_FENCES_OFFSET)

/* A file that can shrink would turn every access into SIGBUS. */
static bool memfd_is_fit(int memfd, uint64_t bytes)
{
    struct stat status;
    int seals = fcntl(memfd, F_GET_SEALS);

    return fstat(memfd, &status) == 0 && status.st_size >= 0 && (uint64_t)status.st_size == bytes &&
           seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

static void register_fences(struct ex_window *window, const struct ex_driver *driver)
{
    void *fences = window->base + VGPU_CHANNEL_FENCES_OFFSET;
    CUresult cu = driver->cuMemHostRegister(
        fences, FENCES_BYTES, CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP);

    /* Without it the worker writes the slots itself: slower, not wrong. */
    if (cu != CUDA_SUCCESS) {
        vgpu_log(VGPU_LOG_WARNING, "fence slots cannot be registered result=%d", (int)cu);
        return;
    }
    window->fences = (CUdeviceptr)(uintptr_t)fences;
}

CUresult ex_window_map(struct ex_window *window, const struct ex_driver *driver, int memfd,
                       uint64_t address, uint64_t bytes)
{
    void *want = (void *)(uintptr_t)address;

    if (bytes < VGPU_CHANNEL_BYTES_MIN || bytes > VGPU_CHANNEL_BYTES_MAX ||
        bytes % PAGE_BYTES != 0 || !memfd_is_fit(memfd, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    void *got = mmap(want, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd, 0);

    if (got != want) {
        vgpu_log(VGPU_LOG_ERROR, "window not mapped error=%d", errno);
        return CUDA_ERROR_MAP_FAILED;
    }
    window->base = got;
    window->bytes = bytes;
    register_fences(window, driver);
    return CUDA_SUCCESS;
}

CUdeviceptr ex_window_fence_address(const struct ex_window *window, uint32_t slot)
{
    return window->fences == 0 || slot >= VGPU_FENCES_MAX
               ? 0
               : (CUdeviceptr)(uintptr_t)vgpu_channel_fence(window->base, slot);
}

bool ex_window_promise(struct ex_window *window, uint32_t slot, uint64_t value)
{
    uint64_t *last;

    if (slot < VGPU_LANES_MAX || slot >= VGPU_FENCES_MAX) {
        return slot < VGPU_LANES_MAX;
    }
    last = &window->promised[slot - VGPU_LANES_MAX];
    if (value <= *last) {
        return false;
    }
    *last = value;
    return true;
}

void ex_window_fence(struct ex_window *window, uint32_t slot, uint64_t value)
{
    if (window->base != NULL && ex_window_promise(window, slot, value)) {
        atomic_store_explicit(vgpu_channel_fence(window->base, slot), value, memory_order_release);
    }
}

void ex_window_publish(const struct ex_window *window, uint32_t stream_index, uint64_t done)
{
    if (window->base != NULL && stream_index < VGPU_STREAMS_MAX) {
        atomic_store_explicit(vgpu_channel_progress(window->base, stream_index), done,
                              memory_order_release);
    }
}

uint8_t *ex_window_data(const struct ex_window *window, uint64_t offset, uint64_t bytes)
{
    if (window->base == NULL || offset < VGPU_CHANNEL_DATA_OFFSET ||
        !vgpu_span_fits(offset, bytes, window->bytes)) {
        return NULL;
    }
    return window->base + offset;
}

CUresult ex_do_vgpuHostRegister(struct ex_session *session,
                                const struct vgpu_args_vgpuHostRegister *args,
                                struct vgpu_ret_vgpuHostRegister *ret)
{
    uint8_t *start = ex_window_data(&session->window, args->offset, args->bytes);
    CUresult cu;

    (void)ret;
    if (start == NULL || args->bytes == 0 || (args->offset | args->bytes) % PAGE_BYTES != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    /* Filed first, so that an overlap is refused before the driver sees it; usable after. */
    cu = ex_memory_add_slab(session->memory, (uintptr_t)start, args->bytes);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = session->driver->cuMemHostRegister(
        start, args->bytes, CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP);
    if (cu == CUDA_SUCCESS) {
        ex_memory_open_slab(session->memory, (uintptr_t)start);
    } else {
        ex_memory_remove_slab(session->memory, (uintptr_t)start);
    }
    return cu;
}

CUresult ex_do_vgpuHostUnregister(struct ex_session *session,
                                  const struct vgpu_args_vgpuHostUnregister *args,
                                  struct vgpu_ret_vgpuHostUnregister *ret)
{
    uint8_t *start = ex_window_data(&session->window, args->offset, 0);
    CUresult cu;

    (void)ret;
    if (start == NULL || !ex_memory_close_slab(session->memory, (uintptr_t)start)) {
        return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    }
    /* Native returns when all earlier work is done; so does the slab's address. */
    cu = session->driver->cuCtxSynchronize();
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuMemHostUnregister(start);
    }
    ex_memory_remove_slab(session->memory, (uintptr_t)start);
    return cu;
}
