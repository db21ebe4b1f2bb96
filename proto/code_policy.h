/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_CODE_POLICY_H
#define VGPU_CODE_POLICY_H

/* Which code of an image a guest's program wants, by its environment: bits of cuModuleLoadDataEx's
 * `policy`.  Others are ignored. */
enum vgpu_code_policy {
    VGPU_CODE_FORCE_JIT = 1,   /* machine code is not there (CUDA_FORCE_PTX_JIT) */
    VGPU_CODE_DISABLE_JIT = 2, /* PTX is not compiled (CUDA_DISABLE_PTX_JIT) */
};

#endif
