/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_OLLAMA_H
#define VGPU_TEST_OLLAMA_H

/*
 * What Ollama's server and its runner have in common in this test: a GPU as they describe it, the
 * ways in which they find one, and the arithmetic of the "model".
 *
 * Every function that fails writes one line to standard error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OLLAMA_GPUS_MAX  4u
#define OLLAMA_PATHS_MAX 16u
#define OLLAMA_PATH      512u
#define OLLAMA_TEXT      128u
#define OLLAMA_MIB       (UINT64_C(1) << 20)

struct ollama_gpu {
    char id[48];  /* "GPU-d110a105-ac29-1d54-7b49-9c90440f215b" */
    char pci[32]; /* "0000:04:00.0"; "": nobody asked */
    char name[OLLAMA_TEXT];
    uint64_t total; /* bytes */
    uint64_t free;
    int major;
    int minor;
    int driver_major; /* of the CUDA version */
    int driver_minor;
    int branch; /* of NVIDIA's driver, as NVML says: 580; 0: not known */
};

struct ollama_gpus {
    unsigned int count;
    struct ollama_gpu gpu[OLLAMA_GPUS_MAX];
};

struct ollama_paths {
    unsigned int count;
    char path[OLLAMA_PATHS_MAX][OLLAMA_PATH];
};

/* search.c: the files that versions up to about 0.11 try for libcuda: in LD_LIBRARY_PATH, then by
 * their list of patterns, each below `root` ("" for the real tree); links followed, each file once.
 */
void ollama_search(const char *root, struct ollama_paths *paths);

/* libcuda.c: loads the first of the files that works and asks it, as those versions do each time
 * they want to know the free memory; the library is closed again.  0 or -1. */
int ollama_ask_libcuda(const struct ollama_paths *paths, struct ollama_gpus *gpus);

/* probe.c: asks libcuda.so.1 and NVML by their names, as the newest versions do in a process of
 * their own.  0 or -1. */
int ollama_probe(struct ollama_gpus *gpus);

/* nvml.c */

/* As the first versions do: the names and paths they try, then memory and capability by index.
 * `driver_*`, id and pci stay empty.  0 or -1. */
int ollama_ask_nvml(const char *root, struct ollama_gpus *gpus);

/* Memory of a GPU by its UUID, as the runner of later versions asks.  0 or NVML's code. */
int ollama_nvml_memory(const char *id, uint64_t *free_bytes, uint64_t *total);

/* Driver's branch, and physical memory by PCI address.  False: there is no NVML. */
bool ollama_nvml_branch(int *branch);
bool ollama_nvml_physical(const char *pci, uint64_t *total);

/* gpu.c */
void ollama_print_gpus(const char *who, const struct ollama_gpus *gpus);
void ollama_format_id(const unsigned char bytes[16], char id[static 48]);

/* One line of JSON for each GPU, and back; lines that are none are passed over. */
void ollama_write_gpu(const struct ollama_gpu *gpu, char *line, size_t cap);
bool ollama_read_gpu(const char *line, struct ollama_gpu *gpu);

/* gpu.c: the "model": a state that kernel `mix` (test/programs/bystander.cu) changes once a token.
 */
#define OLLAMA_STATE 256u

void ollama_model_start(uint32_t state[static OLLAMA_STATE], uint32_t seed);
void ollama_model_step(uint32_t state[static OLLAMA_STATE], uint32_t round);
uint32_t ollama_model_token(const uint32_t state[static OLLAMA_STATE], uint32_t round);

#endif
