/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_UUID_H
#define HD_UUID_H

/* Uuids as text and as bytes: a machine's, and a GPU's as nvidia-smi prints it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HD_GPU_BYTES 16
/* "GPU-", a uuid and the terminator. */
#define HD_GPU_TEXT 41

/* True for 8-4-4-4-12 hexadecimal digits. */
bool hd_uuid_is_text(const char *text);

/* True when both are uuids and mean the same, whatever their case. */
bool hd_uuid_same(const char *one, const char *other);

/* Reads "GPU-…" or the bare uuid.  0 or -EINVAL. */
int hd_gpu_parse(const char *text, uint8_t bytes[HD_GPU_BYTES]);

/* Writes "GPU-…", lower case. */
void hd_gpu_format(const uint8_t bytes[HD_GPU_BYTES], char text[HD_GPU_TEXT]);

#endif
