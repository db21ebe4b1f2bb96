/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/export.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "guest/libcuda/log.h"

static CUresult refuse(void)
{
    static _Atomic bool told;

    if (!atomic_exchange(&told, true)) {
        gs_log("NVIDIA's runtime asked for its handshake, which this library was built without "
               "(-DVGPU_CUDART_HANDSHAKE=OFF): programs of the runtime API fail");
    }
    return CUDA_ERROR_NOT_SUPPORTED;
}

const struct gs_export_slot gs_export_handshake[] = {
    GS_EXPORT_SLOT(1, refuse),
    GS_EXPORT_END,
};
