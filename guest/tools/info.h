/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_INFO_H
#define GS_INFO_H

/* What vgpu-info finds out, in the order in which it does. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest/transport/device.h"
#include "guest/transport/transport.h"
#include "proto/limits.h"

/* Exit statuses beside those of enum gs_obstacle_kind. */
#define INFO_USAGE      2
#define INFO_NO_LIBRARY 13
#define INFO_NO_GPU     14
#define INFO_SHADOWED   15

#define INFO_TEXT  128
#define INFO_PATH  512
#define INFO_WHOSE 64
#define INFO_LINE  (2 * INFO_PATH + 256)

struct info_user {
    uint32_t state; /* enum vgpu_channel_phase */
    pid_t process;  /* that has the lock; 0: none */
    char program[32];
};

struct info_device {
    struct gs_pci pci;
    char driver[64]; /* "": none is bound */
    uint32_t pci_revision;
    uint32_t revision;
    uint32_t status;
    uint32_t generation;
    uint32_t protocol;
    uint32_t resets;
    char broker[VGPU_VERSION_TEXT_SIZE + 1];
    uint32_t channels;
    uint64_t channel_bytes;
    struct info_user users[VGPU_DEVICE_CHANNELS_MAX];
    double beat_us; /* to the broker and back; negative: not measured */
};

struct info_window {
    uint32_t channel;
    uint64_t bytes;
    bool polls;
    char cache[INFO_TEXT]; /* type of the mapping and how it is known */
    double write_mbs;      /* million bytes a second */
    double read_mbs;
};

struct info_gpu {
    char name[INFO_TEXT];
    uint64_t bytes;
    int major;
    int minor;
};

struct info_library {
    char path[INFO_PATH];
    char programs[INFO_PATH]; /* what programs load; "": nothing */
    bool shadowed;            /* that is not ours */
    unsigned int calls;
    unsigned int supported;
    int cuda;
    int gpu_count;
    struct info_gpu gpus[VGPU_DEVICES_MAX];
};

/* Another library of one of our names in the loader's cache; path "": none. */
struct info_rival {
    char path[INFO_PATH];
    bool ours_first; /* ours is in the cache, before it */
};

struct info {
    const struct gs_transport *transport;
    /* What was reached: each comes after the ones before it. */
    bool has_device; /* by the device only */
    bool has_window;
    bool has_library;
    bool has_gpus;
    struct info_device device;
    struct info_window window;
    struct info_library library;
    int status; /* exit status, 0: all is well */
    char error[INFO_LINE];
    char warning[INFO_LINE];
};

/* Takes an obstacle over as the status and the error. */
void info_fail(struct info *info, int status, const char *text);

/* Makes '?' of every byte that is not printable ASCII: others chose it. */
void info_clean(char *text);

/* device.c: what the registers say, who has which channel, and the time of a beat. */
void info_read_device(struct info *info);

/* window.c: claims a channel for less than half a second. */
void info_measure_window(struct info *info);

/* gpu.c: the library and what it says of the GPUs. */
void info_ask_library(struct info *info);

/* loader.c: two paths that lead to one file. */
bool info_is_same(const char *a, const char *b);

/* The library of this name that was installed, or built, together with this program; false: none
 * is there. */
bool info_find_beside(const char *name, char path[static INFO_PATH]);

/* Where a loaded library came from. */
void info_path_of(void *handle, char path[static INFO_PATH]);

/* Looks in the loader's cache for a library of this name that is not the file `ours`. */
void info_find_rival(const char *name, const char *ours, struct info_rival *rival);

/* Whether there is one of the nodes without which JAX leaves CUDA out. */
bool info_has_node(void);

/* " (of NVIDIA's driver 580.159.04)", or "". */
void info_describe(const char *path, char text[static INFO_WHOSE]);

/* cdi.c: on standard output, what container engines need to know; fails like the steps above. */
void info_print_cdi(struct info *info);

/* text.c, json.c: on standard output. */
void info_print_text(const struct info *info);
void info_print_json(const struct info *info);

/* doctor.c: each step with its light, on standard output. */
void info_print_doctor(const struct info *info, bool json);

/* A text in quotes, or null for an empty one. */
void info_put_text(const char *text);

/* "free", "opening", ... */
const char *info_state_name(uint32_t state);

#endif
