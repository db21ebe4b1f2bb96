/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/export.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/log.h"

/* Part of a table that begins with its own size; the slots between parts are nobody's. */
struct part {
    unsigned int first;
    unsigned int slots;
};
#define PARTS_MAX 7u

struct table {
    CUuuid id;
    const char *name;
    const struct gs_export_slot *slots;
    struct part parts[PARTS_MAX]; /* ended by one without slots */
    bool unsized;                 /* no size at its start, NULL at its end */
};

#define RUNTIME_ID   "\x6b\xd5\xfb\x6c\x5b\xf4\xe7\x4a\x89\x87\xd9\x39\x12\xfd\x9d\xf9"
#define HANDSHAKE_ID "\xd4\x08\x20\x55\xbd\xe6\x70\x4b\x8d\x34\xba\x12\x3c\x66\xe1\xf2"

const CUuuid gs_export_runtime_id = {RUNTIME_ID};
const CUuuid gs_export_handshake_id = {HANDSHAKE_ID};

/* As a driver of CUDA 13.0 (580) has them. */
static const struct table tables[] = {
    {{RUNTIME_ID}, "6bd5fb6c", gs_export_runtime, {{0, 13}}, false},
    {{"\xa0\x94\x79\x8c\x2e\x74\x2e\x74\x93\xf2\x08\x00\x20\x0c\x0a\x66"},
     "a094798c",
     gs_export_hooks,
     {{0, 7}},
     false},
    {{"\x42\xd8\x5a\x81\x23\xf6\xcb\x47\x82\x98\xf6\xe7\x8a\x3a\xec\xdc"},
     "42d85a81",
     gs_export_current,
     {{0, 3}},
     false},
    {{"\xc6\x93\x33\x6e\x11\x21\xdf\x11\xa8\xc3\x68\xf3\x55\xd8\x95\x93"},
     "c693336e",
     gs_export_storage,
     {{0, 3}},
     true},
    {{"\x26\x3e\x88\x60\x7c\xd2\x61\x43\x92\xf6\xbb\xd5\x00\x6d\xfa\x7e"},
     "263e8860",
     gs_export_context_checks,
     {{0, 15}},
     false},
    {{HANDSHAKE_ID}, "d4082055", gs_export_handshake, {{0, 3}}, false},
    {{"\xf8\xcf\xf9\x51\x21\x46\x8b\x4e\xb9\xe2\xfb\x46\x9e\x7c\x0d\xd9"},
     "f8cff951",
     gs_export_messages,
     {{0, 3}, {4, 2}, {6, 4}, {10, 2}, {14, 7}, {22, 15}, {38, 14}},
     false},
    {{"\x21\x31\x8c\x60\x97\x14\x32\x48\x8c\xa6\x41\xff\x73\x24\xc8\xf2"},
     "21318c60",
     gs_export_context_tools,
     {{0, 93}},
     false},
    {{"\x17\x34\xdc\x26\x80\x0d\x47\x45\x87\x26\xc0\xf1\xe7\xdd\x8b\xca"},
     "1734dc26",
     gs_export_blas,
     {{0, 17}},
     false},
    {{"\x6e\x16\x3f\xbe\xb9\x58\x44\x4d\x83\x5c\xe1\x82\xaf\xf1\x99\x1e"},
     "6e163fbe",
     gs_export_function_tools,
     {{0, 99}},
     false},
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* The words of all tables, one behind the other, a NULL after each. */
#define WORDS_MAX 384u
static uintptr_t words[WORDS_MAX];
static const uintptr_t *starts[TABLES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static unsigned int length(const struct table *table)
{
    unsigned int end = 0;

    for (unsigned int i = 0; i < PARTS_MAX && table->parts[i].slots > 0; i++) {
        end = table->parts[i].first + table->parts[i].slots;
    }
    return end;
}

static void make(const struct table *table, uintptr_t *at)
{
    for (unsigned int i = 0; i < PARTS_MAX && table->parts[i].slots > 0 && !table->unsized; i++) {
        at[table->parts[i].first] = table->parts[i].slots * sizeof(*at);
    }
    for (const struct gs_export_slot *s = table->slots; s->call != NULL; s++) {
        at[s->index] = (uintptr_t)s->call;
    }
    for (unsigned int i = 0; i < length(table); i++) {
        if (at[i] == 0) {
            at[i] = (uintptr_t)gs_export_refusal(table->name, i);
        }
    }
}

static void make_all(void)
{
    uintptr_t *at = words;

    for (unsigned int i = 0; i < TABLES; i++) {
        assert((size_t)(at - words) + length(&tables[i]) < WORDS_MAX);
        make(&tables[i], at);
        starts[i] = at;
        at += length(&tables[i]) + 1;
    }
}

const uintptr_t *gs_export_table(const CUuuid *id)
{
    (void)pthread_once(&once, make_all);
    for (unsigned int i = 0; i < TABLES; i++) {
        if (memcmp(id->bytes, tables[i].id.bytes, sizeof(id->bytes)) == 0) {
            return starts[i];
        }
    }
    return NULL;
}

/* Each UUID is told once: a small set of their hashes. */
static bool first_time(const CUuuid *id)
{
    static _Atomic uint64_t seen[32];
    uint64_t hash = 0xcbf29ce484222325ull;

    for (unsigned int i = 0; i < sizeof(id->bytes); i++) {
        hash = (hash ^ (unsigned char)id->bytes[i]) * 0x100000001b3ull;
    }
    hash |= 1;
    for (unsigned int i = 0; i < 32; i++) {
        uint64_t none = 0;

        if (atomic_compare_exchange_strong(&seen[i], &none, hash)) {
            return true;
        }
        if (none == hash) {
            return false;
        }
    }
    return false;
}

static void tell(const CUuuid *id)
{
    char text[40];
    size_t at = 0;

    for (unsigned int i = 0; i < sizeof(id->bytes); i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%02x", dash,
                               (unsigned char)id->bytes[i]);
    }
    gs_log("the program asked for the driver's private table %s, which is not supported", text);
}

CUresult gs_cuGetExportTable(const void **ppExportTable, const CUuuid *pExportTableId)
{
    if (ppExportTable == NULL || pExportTableId == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *ppExportTable = gs_export_table(pExportTableId);
    if (*ppExportTable != NULL) {
        return CUDA_SUCCESS;
    }
    if (first_time(pExportTableId)) {
        tell(pExportTableId);
    }
    return CUDA_ERROR_INVALID_VALUE;
}
