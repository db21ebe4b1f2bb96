/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/ollama.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JSON_WRITE                                                                                 \
    "{\"id\":\"%s\",\"pci_id\":\"%s\",\"total_memory\":%" PRIu64 ",\"free_memory\":%" PRIu64       \
    ",\"compute_major\":%d,\"compute_minor\":%d,\"driver_major\":%d,\"driver_minor\":%d,"          \
    "\"nvidia_driver_major\":%d,\"description\":\"%s\"}"
#define JSON_READ                                                                                  \
    "{\"id\":\"%47[^\"]\",\"pci_id\":\"%31[^\"]\",\"total_memory\":%" SCNu64                       \
    ",\"free_memory\":%" SCNu64 ",\"compute_major\":%d,\"compute_minor\":%d,"                      \
    "\"driver_major\":%d,\"driver_minor\":%d,\"nvidia_driver_major\":%d,"                          \
    "\"description\":\"%127[^\"]\"}"

void ollama_print_gpus(const char *who, const struct ollama_gpus *gpus)
{
    for (unsigned int i = 0; i < gpus->count; i++) {
        const struct ollama_gpu *gpu = &gpus->gpu[i];

        printf("%s: %s pci=%s compute=%d.%d cuda=%d.%d driver=%d total=%" PRIu64
               " MiB free=%" PRIu64 " MiB name=%s\n",
               who, gpu->id, gpu->pci, gpu->major, gpu->minor, gpu->driver_major, gpu->driver_minor,
               gpu->branch, gpu->total / OLLAMA_MIB, gpu->free / OLLAMA_MIB, gpu->name);
    }
    (void)fflush(stdout);
}

void ollama_format_id(const unsigned char bytes[16], char id[static 48])
{
    int at = snprintf(id, 48, "GPU-");

    for (unsigned int i = 0; i < 16; i++) {
        at += snprintf(id + at, 48 - (size_t)at, "%s%02x",
                       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    }
}

void ollama_write_gpu(const struct ollama_gpu *gpu, char *line, size_t cap)
{
    (void)snprintf(line, cap, JSON_WRITE, gpu->id, gpu->pci, gpu->total, gpu->free, gpu->major,
                   gpu->minor, gpu->driver_major, gpu->driver_minor, gpu->branch, gpu->name);
}

bool ollama_read_gpu(const char *line, struct ollama_gpu *gpu)
{
    memset(gpu, 0, sizeof(*gpu));
    return sscanf(line, JSON_READ, gpu->id, gpu->pci, &gpu->total, &gpu->free, &gpu->major,
                  &gpu->minor, &gpu->driver_major, &gpu->driver_minor, &gpu->branch,
                  gpu->name) == 10;
}

void ollama_model_start(uint32_t state[static OLLAMA_STATE], uint32_t seed)
{
    for (uint32_t i = 0; i < OLLAMA_STATE; i++) {
        state[i] = seed + i;
    }
}

void ollama_model_step(uint32_t state[static OLLAMA_STATE], uint32_t round)
{
    for (uint32_t i = 0; i < OLLAMA_STATE; i++) {
        uint32_t v = (state[i] ^ round) * 0x85ebca6bu;

        v ^= v >> 13;
        state[i] = v * 0xc2b2ae35u + i;
    }
}

uint32_t ollama_model_token(const uint32_t state[static OLLAMA_STATE], uint32_t round)
{
    return state[round % OLLAMA_STATE] % 32000;
}
