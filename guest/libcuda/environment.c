/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/environment.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "proto/code_policy.h"

struct gs_environment gs_environment_found = {.loading = CU_MODULE_LAZY_LOADING, .spin_ns = -1};

/* Switches are numbers: any but 0 is on. */
static bool is_on(const char *value)
{
    return value != NULL && strtol(value, NULL, 10) != 0;
}

static bool is(const char *value, const char *wish)
{
    return value != NULL && strcmp(value, wish) == 0;
}

/* The program may change its environment later. */
static char *copy_of(const char *value)
{
    return value != NULL ? strdup(value) : NULL;
}

#define SPIN_MOST_US 1000000

/* Anything else than a number is no wish. */
static int64_t spin_wish(const char *value)
{
    char *end = NULL;
    long us = value != NULL ? strtol(value, &end, 10) : -1;

    if (us < 0 || *value == '\0' || *end != '\0') {
        return -1;
    }
    return (int64_t)(us < SPIN_MOST_US ? us : SPIN_MOST_US) * VGPU_NS_PER_US;
}

void gs_environment_read(void)
{
    free(gs_environment_found.visible_devices);
    gs_environment_found = (struct gs_environment){.loading = CU_MODULE_LAZY_LOADING};
    gs_environment_found.launch_blocking = is_on(getenv("CUDA_LAUNCH_BLOCKING"));
    gs_environment_found.spin_ns = spin_wish(getenv("VGPU_SPIN_US"));
    gs_environment_found.pci_order = is(getenv("CUDA_DEVICE_ORDER"), "PCI_BUS_ID");
    gs_environment_found.visible_devices = copy_of(getenv("CUDA_VISIBLE_DEVICES"));
    gs_environment_found.loading = is(getenv("CUDA_MODULE_LOADING"), "EAGER")
                                       ? CU_MODULE_EAGER_LOADING
                                       : CU_MODULE_LAZY_LOADING;
    if (is_on(getenv("CUDA_FORCE_PTX_JIT")) || is_on(getenv("CUDA_FORCE_JIT"))) {
        gs_environment_found.code_policy |= VGPU_CODE_FORCE_JIT;
    }
    if (is_on(getenv("CUDA_DISABLE_PTX_JIT")) || is_on(getenv("CUDA_DISABLE_JIT"))) {
        gs_environment_found.code_policy |= VGPU_CODE_DISABLE_JIT;
    }
}
