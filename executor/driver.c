/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "proto/limits.h"

/* The call itself, or what stands in for it in older drivers. */
static void *find_symbol(void *handle, const struct ex_driver_symbol *wanted)
{
    void *symbol = dlsym(handle, wanted->name);

    return symbol == NULL && wanted->older != NULL ? dlsym(handle, wanted->older) : symbol;
}

/* An old driver is named as such, not by the first call that it lacks. */
static int check_fitness(const struct ex_driver *driver, const char *library, const char *missing,
                         char *why, size_t why_cap)
{
    const int oldest = (int)VGPU_DRIVER_VERSION_MIN;
    int version = oldest;

    if (driver->cuDriverGetVersion != NULL) {
        (void)driver->cuDriverGetVersion(&version);
    }
    if (version >= oldest && missing == NULL) {
        return 0;
    }
    if (version >= oldest) {
        (void)snprintf(why, why_cap, "driver library %s has no %s", library, missing);
        return -ENOSYS;
    }
    (void)snprintf(why, why_cap, "driver library %s is of CUDA %d.%d; %d.%d or later is needed",
                   library, version / 1000, version % 1000 / 10, oldest / 1000, oldest % 1000 / 10);
    return -ENOSYS;
}

int ex_driver_open(struct ex_driver *driver, const char *library, char *why, size_t why_cap)
{
    /* Everything is bound now: after the lock no file can be opened for a late symbol. */
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    const char *missing = NULL;

    memset(driver, 0, sizeof(*driver));
    if (handle == NULL) {
        const char *error = dlerror();

        (void)snprintf(why, why_cap, "driver library: %s", error != NULL ? error : library);
        return -ENOENT;
    }
    for (size_t i = 0; i < EX_DRIVER_SYMBOLS; i++) {
        void *symbol = find_symbol(handle, &ex_driver_symbols[i]);

        if (symbol == NULL && ex_driver_symbols[i].required && missing == NULL) {
            missing = ex_driver_symbols[i].name;
        }
        memcpy((char *)driver + ex_driver_symbols[i].offset, &symbol, sizeof(symbol));
    }
    return check_fitness(driver, library, missing, why, why_cap);
}

const char *ex_driver_error_name(const struct ex_driver *driver, CUresult cu)
{
    const char *name = NULL;

    if (driver->cuGetErrorName == NULL || driver->cuGetErrorName(cu, &name) != CUDA_SUCCESS ||
        name == NULL) {
        return "unknown";
    }
    return name;
}
