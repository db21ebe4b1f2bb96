# SPDX-License-Identifier: Apache-2.0
"""gs_proc_rows: what cuGetProcAddress finds."""

from .emit_guest import exported
from .text import banner, guard

HEADER = """/* Entry points by base name and version, for cuGetProcAddress. */

#include <stdbool.h>

#include "proto/cuda_abi.h"

struct gs_proc_row {
    const char *base;
    int since;             /* first CUDA version with this form of the call: 12020 is 12.2 */
    int per_thread_since;  /* the same for its per-thread symbol; 0: it has none */
    void *symbol;
    void *per_thread;      /* the symbol in which stream 0 is the thread's own, or NULL */
};

/* Sorted by base name, then by version. */
extern const struct gs_proc_row gs_proc_rows[];
extern const unsigned int gs_proc_row_count;

/*
 * The newest form of `name` that CUDA `version` had, in the flavour asked for, or NULL.
 * *status (not NULL) says found, unknown name, or version too old.  What came after the
 * driver of version `host` is unknown, and so are names with a suffix (_v2, _ptsz), as in
 * the driver.  Any thread.
 */
void *gs_proc_find(const char *name, int version, int host, bool per_thread,
                   CUdriverProcAddressQueryResult *status);
"""

FIND = """
static unsigned int first_row(const char *name)
{
    unsigned int low = 0;
    unsigned int high = gs_proc_row_count;

    while (low < high) {
        unsigned int middle = (low + high) / 2;

        if (strcmp(gs_proc_rows[middle].base, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void *gs_proc_find(const char *name, int version, int host, bool per_thread,
                   CUdriverProcAddressQueryResult *status)
{
    void *found = NULL;
    unsigned int i = first_row(name);

    *status = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    for (; i < gs_proc_row_count && strcmp(gs_proc_rows[i].base, name) == 0; i++) {
        const struct gs_proc_row *row = &gs_proc_rows[i];
        bool own = per_thread && row->per_thread != NULL;
        int since = own ? row->per_thread_since : row->since;

        if (since > host) {
            continue;
        }
        *status = CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
        if (since <= version) {
            found = own ? row->per_thread : row->symbol;
        }
    }
    if (found != NULL) {
        *status = CU_GET_PROC_ADDRESS_SUCCESS;
    }
    return found;
}
"""


def rows(calls):
    """(base, since, per-thread since, symbol, per-thread symbol) sorted."""
    result = []
    for call in exported(calls):
        variant, variant_since = call.variants[0] if call.variants else ("", 0)
        result.append((call.base, call.since, variant_since, call.name, variant))
        for base, since in call.also:
            result.append((base, since, since if variant else 0, call.name, variant))
    return sorted(result)


def emit(calls, _limits):
    source = banner("Apache-2.0") + '#include "gs_proc_rows.h"\n\n#include "gs_symbols.h"\n'
    source += '#include "gs_symbols_refused.h"\n\n/* clang-format off */\n'
    source += "const struct gs_proc_row gs_proc_rows[] = {\n"
    for base, since, per_since, symbol, variant in rows(calls):
        variant = f"(void *){variant}" if variant else "NULL"
        source += f'    {{"{base}", {since}, {per_since}, (void *){symbol}, {variant}}},\n'
    source += "};\n\nconst unsigned int gs_proc_row_count = "
    source += f"{len(rows(calls))};\n"
    find = banner("Apache-2.0") + '#include "gs_proc_rows.h"\n\n#include <string.h>\n'
    return {"gs_proc_rows.h": guard("VGPU_GS_PROC_ROWS_H", HEADER, "Apache-2.0"),
            "gs_proc_rows.c": source, "gs_proc_find.c": find + FIND}
