/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_OLLAMA_CHILD_H
#define VGPU_TEST_OLLAMA_CHILD_H

/* The server's side of a runner: a child process with an environment of its own. */

#include "test/ollama/ollama.h"

#define CHILD_ARGS 8u

struct child {
    pid_t pid; /* 0: none */
    uint16_t port;
};

/*
 * Starts `runner` with the rest of the arguments (NULL ends them) and waits until it is healthy.
 * LD_LIBRARY_PATH begins with the runner's own folder; `devices` is its CUDA_VISIBLE_DEVICES,
 * NULL: as it is; `deep`: it shall initialise every GPU.  0 or -1.
 */
int child_start(struct child *child, const char *runner, const char *const *arguments,
                const char *devices, bool deep);

/* SIGKILL, as Ollama does, and the end of the process. */
void child_kill(struct child *child);

/* What the runner says of its GPUs.  0 or -1. */
int child_ask_gpus(const struct child *child, struct ollama_gpus *gpus);

/* POST /load.  0 or -1. */
int child_load(const struct child *child, unsigned long mib);

/* Reads the tokens as they come and compares each with the model's.  0 or -1. */
int child_complete(const struct child *child, uint32_t seed, uint32_t tokens);

/* Runs "PROGRAM gpu-discover" and reads the GPUs from its output.  0 or -1. */
int child_discover(const char *program, struct ollama_gpus *gpus);

void child_sleep_ms(long ms);

#endif
