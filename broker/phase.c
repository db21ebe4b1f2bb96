/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/phase.h"

#include <stddef.h>

struct row {
    Vgpu__Frame__KindCase kind;
    enum br_verdict verdict[BR_PHASES];
};

static const struct row guest_rows[] = {
    /*                               granted    greeted   opening  open      closing  dead */
    {VGPU__FRAME__KIND_HELLO, {BR_TAKE, BR_BREAK, BR_WAIT, BR_BREAK, BR_WAIT, BR_DROP}},
    {VGPU__FRAME__KIND_OPEN, {BR_BREAK, BR_TAKE, BR_WAIT, BR_BREAK, BR_WAIT, BR_DROP}},
    {VGPU__FRAME__KIND_CLOSE, {BR_BREAK, BR_TAKE, BR_WAIT, BR_TAKE, BR_WAIT, BR_DROP}},
    {VGPU__FRAME__KIND_SURVEY, {BR_BREAK, BR_TAKE, BR_WAIT, BR_BREAK, BR_WAIT, BR_DROP}},
    {BR_CALL, {BR_BREAK, BR_BREAK, BR_WAIT, BR_TAKE, BR_WAIT, BR_DROP}},
};

/* Any other frame of a guest: it waits where everything waits. */
static const enum br_verdict guest_other[BR_PHASES] = {BR_BREAK, BR_BREAK, BR_WAIT,
                                                       BR_BREAK, BR_WAIT,  BR_DROP};

static const struct row worker_rows[] = {
    {VGPU__FRAME__KIND_ATTACHED, {BR_BREAK, BR_BREAK, BR_TAKE, BR_BREAK, BR_BREAK, BR_DROP}},
    {VGPU__FRAME__KIND_COMPLETE, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_WAKE, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_USAGE, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_MEMORY_ASK, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_MEMORY_GIVE, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_FATAL, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_CACHE_ASK, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_CACHE_FILE, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
    {VGPU__FRAME__KIND_CACHE_WRONG, {BR_BREAK, BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP, BR_DROP}},
};

static const enum br_verdict worker_other[BR_PHASES] = {BR_BREAK, BR_BREAK, BR_BREAK,
                                                        BR_BREAK, BR_BREAK, BR_DROP};

static const struct row *find(const struct row *rows, size_t count, Vgpu__Frame__KindCase kind)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == kind) {
            return &rows[i];
        }
    }
    return NULL;
}

enum br_verdict br_phase_guest(enum br_phase phase, Vgpu__Frame__KindCase kind)
{
    const struct row *row = find(guest_rows, sizeof(guest_rows) / sizeof(guest_rows[0]), kind);

    return row != NULL ? row->verdict[phase] : guest_other[phase];
}

enum br_verdict br_phase_worker(enum br_phase phase, Vgpu__Frame__KindCase kind)
{
    const struct row *row = find(worker_rows, sizeof(worker_rows) / sizeof(worker_rows[0]), kind);

    return row != NULL ? row->verdict[phase] : worker_other[phase];
}

const char *br_phase_name(enum br_phase phase)
{
    static const char *const names[BR_PHASES] = {"granted", "greeted", "opening",
                                                 "open",    "closing", "dead"};

    return phase < BR_PHASES ? names[phase] : "?";
}
