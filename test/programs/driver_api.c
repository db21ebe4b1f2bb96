/* SPDX-License-Identifier: Apache-2.0 */
#include "test/programs/driver_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct driver_api drv;

static void *library;

static void (*on_missing)(const char *call);

void driver_api_on_missing(void (*tell)(const char *call))
{
    on_missing = tell;
}

static CUresult missing_symbol(const char *call)
{
    if (on_missing) {
        on_missing(call);
    }
    return CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND;
}

/* Each stands in for a call of any signature: arguments in registers are ignored. */
#define DRIVER_API_STAND_IN(name)                                                                  \
    static CUresult missing_##name(void)                                                           \
    {                                                                                              \
        return missing_symbol(#name);                                                              \
    }
DRIVER_API_CALLS(DRIVER_API_STAND_IN)
#undef DRIVER_API_STAND_IN

void *driver_api_symbol(const char *name)
{
    return library ? dlsym(library, name) : NULL;
}

/* POSIX gives dlsym()'s result as an object pointer; copied, not cast. */
static void bind_symbol(void *field, const char *name, CUresult (*fallback)(void))
{
    void *sym = driver_api_symbol(name);

    if (sym) {
        memcpy(field, &sym, sizeof(sym));
    } else {
        memcpy(field, &fallback, sizeof(fallback));
    }
}

const char *driver_api_path(void)
{
    struct link_map *map = NULL;

    if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map) || !map || !map->l_name[0]) {
        return "?";
    }
    return map->l_name;
}

int driver_api_load(void)
{
    const char *path = getenv("VGPU_TEST_LIBCUDA");

    if (!path || !path[0]) {
        path = "libcuda.so.1";
    }
    library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        const char *why = dlerror();

        fprintf(stderr, "cannot load %s: %s\n", path, why ? why : "unknown error");
        return -ENOENT;
    }
#define DRIVER_API_BIND(name) bind_symbol(&drv.name, #name, missing_##name);
    DRIVER_API_CALLS(DRIVER_API_BIND)
#undef DRIVER_API_BIND
    return 0;
}
