/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/environment.h"

#include <stdlib.h>
#include <string.h>

#include "proto/code_policy.h"

static struct gs_environment environment = {.loading = CU_MODULE_LAZY_LOADING};

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

void gs_environment_read(void)
{
    free(environment.visible_devices);
    environment = (struct gs_environment){.loading = CU_MODULE_LAZY_LOADING};
    environment.launch_blocking = is_on(getenv("CUDA_LAUNCH_BLOCKING"));
    environment.pci_order = is(getenv("CUDA_DEVICE_ORDER"), "PCI_BUS_ID");
    environment.visible_devices = copy_of(getenv("CUDA_VISIBLE_DEVICES"));
    environment.loading = is(getenv("CUDA_MODULE_LOADING"), "EAGER") ? CU_MODULE_EAGER_LOADING
                                                                     : CU_MODULE_LAZY_LOADING;
    if (is_on(getenv("CUDA_FORCE_PTX_JIT")) || is_on(getenv("CUDA_FORCE_JIT"))) {
        environment.code_policy |= VGPU_CODE_FORCE_JIT;
    }
    if (is_on(getenv("CUDA_DISABLE_PTX_JIT")) || is_on(getenv("CUDA_DISABLE_JIT"))) {
        environment.code_policy |= VGPU_CODE_DISABLE_JIT;
    }
}

const struct gs_environment *gs_environment(void)
{
    return &environment;
}
