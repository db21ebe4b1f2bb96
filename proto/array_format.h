/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_ARRAY_FORMAT_H
#define VGPU_ARRAY_FORMAT_H

/* How large the elements of arrays are. */

#include <stdint.h>

#include "proto/cuda_abi.h"

/* Bytes of one channel; 0 for formats that are not known or whose elements are no whole channels.
 */
static inline uint32_t vgpu_channel_bytes(uint32_t format)
{
    switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8:
    case CU_AD_FORMAT_SIGNED_INT8:
    case CU_AD_FORMAT_UNORM_INT8X1:
    case CU_AD_FORMAT_UNORM_INT8X2:
    case CU_AD_FORMAT_UNORM_INT8X4:
    case CU_AD_FORMAT_SNORM_INT8X1:
    case CU_AD_FORMAT_SNORM_INT8X2:
    case CU_AD_FORMAT_SNORM_INT8X4:
        return 1;
    case CU_AD_FORMAT_UNSIGNED_INT16:
    case CU_AD_FORMAT_SIGNED_INT16:
    case CU_AD_FORMAT_HALF:
    case CU_AD_FORMAT_UNORM_INT16X1:
    case CU_AD_FORMAT_UNORM_INT16X2:
    case CU_AD_FORMAT_UNORM_INT16X4:
    case CU_AD_FORMAT_SNORM_INT16X1:
    case CU_AD_FORMAT_SNORM_INT16X2:
    case CU_AD_FORMAT_SNORM_INT16X4:
        return 2;
    case CU_AD_FORMAT_UNSIGNED_INT32:
    case CU_AD_FORMAT_SIGNED_INT32:
    case CU_AD_FORMAT_FLOAT:
        return 4;
    default:
        return 0;
    }
}

/* Bytes of one element; 0 when there is no such element. */
static inline uint32_t vgpu_element_bytes(uint32_t format, uint32_t channels)
{
    return channels == 1 || channels == 2 || channels == 4 ? vgpu_channel_bytes(format) * channels
                                                           : 0;
}

#endif
