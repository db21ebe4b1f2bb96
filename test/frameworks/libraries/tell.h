/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FRAMEWORKS_TELL_H
#define TEST_FRAMEWORKS_TELL_H

/* What the library programs tell their runner: the JSON lines that programs/told.py describes.
 * A program is one C file with this header, built where the libraries are. */

#include <cuda_runtime_api.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with what failed, where, and the status's number. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_status = (int)(call);                                                              \
        if (try_status != 0) {                                                                     \
            (void)fprintf(stderr, "%s:%d: %s: %d\n", __FILE__, __LINE__, #call, try_status);       \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define TELL_CUDA(call)                                                                            \
    do {                                                                                           \
        cudaError_t try_error = (call);                                                            \
        if (try_error != cudaSuccess) {                                                            \
            (void)fprintf(stderr, "%s:%d: %s: %d (%s)\n", __FILE__, __LINE__, #call,               \
                          (int)try_error, cudaGetErrorString(try_error));                          \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static inline uint64_t tell_hash(const void *data, size_t bytes)
{
    const unsigned char *at = data;
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ at[i]) * 0x100000001b3u;
    }
    return hash;
}

static inline void tell_int(const char *name, long long number)
{
    printf("{\"result\": \"%s\", \"value\": %lld}\n", name, number);
}

static inline void tell_note(const char *name, long long number)
{
    printf("{\"note\": \"%s\", \"value\": %lld}\n", name, number);
}

static inline void tell_near(const char *name, double number, double rel, double absolute)
{
    printf("{\"result\": \"%s\", \"near\": %.17g, \"rel\": %g, \"abs\": %g}\n", name, number, rel,
           absolute);
}

/* Bytes of host memory that must be equal. */
static inline void tell_bytes(const char *name, const void *data, size_t bytes)
{
    printf("{\"result\": \"%s\", \"sha\": \"%016llx\", \"bytes\": %zu}\n", name,
           (unsigned long long)tell_hash(data, bytes), bytes);
}

/* Floats of the device that must be equal; their sum and size say how far off they are. */
static inline void tell_floats(const char *name, const float *device, size_t count)
{
    float *host = malloc(count * sizeof(*host));
    double sum = 0;
    double size = 0;

    TRY(host == NULL);
    TELL_CUDA(cudaMemcpy(host, device, count * sizeof(*host), cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < count; i++) {
        sum += host[i];
        size += fabs(host[i]);
    }
    printf("{\"result\": \"%s\", \"sha\": \"%016llx\", \"bytes\": %zu, \"sum\": %.17g, \"size\": "
           "%.17g}\n",
           name, (unsigned long long)tell_hash(host, count * sizeof(*host)), count * sizeof(*host),
           sum, size);
    free(host);
}

/* Bytes of the device that must be equal. */
static inline void tell_device(const char *name, const void *device, size_t bytes)
{
    void *host = malloc(bytes);

    TRY(host == NULL);
    TELL_CUDA(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost));
    tell_bytes(name, host, bytes);
    free(host);
}

static inline void tell_done(void)
{
    TELL_CUDA(cudaDeviceSynchronize());
    printf("{\"done\": true}\n");
}

/* The same numbers in -1..1 everywhere. */
static inline float tell_number(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0F - 1.0F;
}

static inline void tell_fill(float *host, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++) {
        host[i] = tell_number(&seed);
    }
}

/* Device memory with bytes of the host, or zeroes. */
static inline void *tell_upload(const void *host, size_t bytes)
{
    void *device = NULL;

    TELL_CUDA(cudaMalloc(&device, bytes));
    if (host != NULL) {
        TELL_CUDA(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
    } else {
        TELL_CUDA(cudaMemset(device, 0, bytes));
    }
    return device;
}

static inline float *tell_floats_made(size_t count, uint32_t seed)
{
    float *host = malloc(count * sizeof(*host));
    float *device;

    TRY(host == NULL);
    tell_fill(host, count, seed);
    device = tell_upload(host, count * sizeof(*host));
    free(host);
    return device;
}

static inline uint16_t tell_bf16(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return (uint16_t)(bits >> 16);
}

/* Halves of fp16 for numbers of -1..1 in steps of 1/1024: exact, and simple. */
static inline uint16_t tell_half(float number)
{
    float rest = fabsf(number);
    int exponent = 15;

    if (rest < 1.0F / 1024) {
        return 0;
    }
    while (rest < 1.0F) {
        rest *= 2;
        exponent--;
    }
    return (uint16_t)((number < 0 ? 0x8000u : 0u) | (unsigned int)exponent << 10 |
                      ((unsigned int)((rest - 1.0F) * 1024.0F) & 0x3ffu));
}

/* Numbers of two bytes on the device, by tell_half or tell_bf16. */
static inline void *tell_small_made(size_t count, uint32_t seed, uint16_t (*convert)(float))
{
    uint16_t *host = malloc(count * sizeof(*host));
    void *device;

    TRY(host == NULL);
    for (size_t i = 0; i < count; i++) {
        host[i] = convert(tell_number(&seed));
    }
    device = tell_upload(host, count * sizeof(*host));
    free(host);
    return device;
}

#endif
