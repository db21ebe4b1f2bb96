/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_OLLAMA_LIBRARY_H
#define VGPU_TEST_OLLAMA_LIBRARY_H

/* A table of symbols that must all be there, as Ollama's helpers have it. */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct ollama_symbol {
    const char *name;
    void *where; /* a function pointer */
};

/* The first symbol that is missing, or NULL. */
static inline const char *ollama_bind(void *library, const struct ollama_symbol *symbols,
                                      unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);

        if (symbol == NULL) {
            return symbols[i].name;
        }
        memcpy(symbols[i].where, &symbol, sizeof(symbol));
    }
    return NULL;
}

#define OLLAMA_SYMBOL(table, name)                                                                 \
    {                                                                                              \
#name, &(table)->name                                                                      \
    }

#endif
