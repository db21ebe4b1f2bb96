/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

int ex_driver_open(struct ex_driver *driver, const char *library, char *why, size_t why_cap)
{
    /* Everything is bound now: after the lock no file can be opened for a late symbol. */
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    memset(driver, 0, sizeof(*driver));
    if (handle == NULL) {
        const char *error = dlerror();

        (void)snprintf(why, why_cap, "driver library: %s", error != NULL ? error : library);
        return -ENOENT;
    }
    for (size_t i = 0; i < EX_DRIVER_SYMBOLS; i++) {
        void *symbol = dlsym(handle, ex_driver_symbols[i].name);

        if (symbol == NULL && ex_driver_symbols[i].required) {
            (void)snprintf(why, why_cap, "driver library %s has no %s", library,
                           ex_driver_symbols[i].name);
            return -ENOSYS;
        }
        memcpy((char *)driver + ex_driver_symbols[i].offset, &symbol, sizeof(symbol));
    }
    return 0;
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
