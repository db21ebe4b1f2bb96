/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_LOG_ID_H
#define VGPU_COMMON_LOG_ID_H

/*
 * MESSAGE_ID of the lines that tools wait for: journalctl MESSAGE_ID=...
 * docs/logs.md lists them; a number is never given to another line.
 */

#define VGPU_LOG_ID_READY               "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b01"
#define VGPU_LOG_ID_STOPPED             "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b02"
#define VGPU_LOG_ID_CUDA_INITIALIZED    "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b03"
#define VGPU_LOG_ID_SUPERVISOR_GONE     "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b04"
#define VGPU_LOG_ID_DEVICE_CONNECTED    "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b05"
#define VGPU_LOG_ID_DEVICE_DISCONNECTED "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b06"
#define VGPU_LOG_ID_DEVICE_MISUSE       "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b07"
#define VGPU_LOG_ID_GUEST_MISUSE        "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b08"
#define VGPU_LOG_ID_WORKER_CRASHED      "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b09"
#define VGPU_LOG_ID_LINES_DROPPED       "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b0a"
#define VGPU_LOG_ID_HEARTBEAT           "6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b0b"

#endif
