/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_GPU_NAME_H
#define EX_GPU_NAME_H

/* What a GPU is called: its number as the driver counts, or its UUID as nvidia-smi -L prints it. */

#include <stdbool.h>
#include <stdint.h>

#define EX_UUID_BYTES 16u
/* "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and its end. */
#define EX_GPU_TEXT_BYTES 41u
#define EX_GPU_NUMBER_MAX 255u

struct ex_gpu_name {
    bool by_uuid;
    uint32_t number; /* 0 by_uuid */
    uint8_t uuid[EX_UUID_BYTES];
    char text[EX_GPU_TEXT_BYTES]; /* for logs and command lines */
};

/* Reads a number up to EX_GPU_NUMBER_MAX or a UUID (hexadecimal, either case).  0, or -EINVAL and
 * *name unchanged. */
int ex_gpu_name_parse(struct ex_gpu_name *name, const char *text);

/* The name of the GPU with this number, or with this UUID. */
void ex_gpu_name_set(struct ex_gpu_name *name, uint32_t number);
void ex_gpu_name_set_uuid(struct ex_gpu_name *name, const uint8_t uuid[EX_UUID_BYTES]);

#endif
