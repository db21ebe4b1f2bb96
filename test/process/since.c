/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-process-since: calls that the host's driver is too old for.
 *
 * Standard input names symbols, one a line: "SYMBOL BASE SINCE", SINCE the CUDA
 * version that brought it.  What is newer than cuDriverGetVersion says must answer 801 and touch
 * nothing, whatever it is given, and must not be found; what is not newer must be found.  Ends
 * with "newer N older M" on standard output; status 1, and a line for each, when one did not.
 */
#include "test/programs/driver_api.h"

#include <stdio.h>
#include <string.h>

/* The arguments are words in registers; what a call does not take it ignores. */
typedef CUresult (*any_call)(void *, void *, void *, void *, void *, void *);

struct symbol {
    char name[64];
    char base[64];
    int since;
};

static unsigned long long scratch[8][64];
static int version;
static int wrong;

static void complain(const struct symbol *s, const char *what, int value)
{
    printf("wrong: %s of %d: %s %d\n", s->name, s->since, what, value);
    wrong++;
}

static void check_absent(const struct symbol *s, any_call call)
{
    static const unsigned long long zeros[8][64];
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
    void *found = scratch;
    CUresult cu = call(scratch[0], scratch[1], scratch[2], scratch[3], scratch[4], scratch[5]);

    if (cu != CUDA_ERROR_NOT_SUPPORTED) {
        complain(s, "answers", (int)cu);
    }
    if (memcmp(scratch, zeros, sizeof(scratch)) != 0) {
        complain(s, "wrote", 0);
    }
    cu = drv.cuGetProcAddress_v2(s->base, &found, s->since, 0, &status);
    if (cu != CUDA_ERROR_INVALID_VALUE) {
        complain(s, "asked for by its version:", (int)cu);
    }
    cu = drv.cuGetProcAddress_v2(s->base, &found, version, 0, &status);
    if (cu != CUDA_SUCCESS || found == driver_api_symbol(s->name)) {
        complain(s, "is found, or", (int)cu);
    }
}

static void check_present(const struct symbol *s)
{
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    void *found = NULL;
    CUresult cu = drv.cuGetProcAddress_v2(s->base, &found, version, 0, &status);

    if (cu != CUDA_SUCCESS || status != CU_GET_PROC_ADDRESS_SUCCESS || found == NULL) {
        complain(s, "is not found:", (int)status);
    }
}

int main(void)
{
    struct symbol s;
    int newer = 0, older = 0;
    CUresult cu;

    if (driver_api_load() != 0) {
        return 3;
    }
    cu = drv.cuInit(0);
    if (cu != CUDA_SUCCESS || drv.cuDriverGetVersion(&version) != CUDA_SUCCESS) {
        printf("wrong: cuInit answers %d\n", (int)cu);
        return 1;
    }
    while (scanf("%63s %63s %d", s.name, s.base, &s.since) == 3) {
        void *symbol = driver_api_symbol(s.name);
        any_call call;

        memcpy(&call, &symbol, sizeof(call));
        if (symbol == NULL) {
            complain(&s, "is not exported", 0);
        } else if (s.since > version) {
            newer++;
            check_absent(&s, call);
        } else {
            older++;
            check_present(&s);
        }
    }
    printf("newer %d older %d\n", newer, older);
    return wrong != 0;
}
