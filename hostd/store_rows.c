/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/store_rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

/* What a reader of rows keeps track of. */
struct reading {
    struct hd_table *table;
    int refused;
    char *why;
    size_t cap;
};

static void leave_out(struct reading *reading, const char *row, const char *wrong)
{
    char escaped[200];

    vgpu_log(VGPU_LOG_ERROR, "registry row left out row=%s error=\"%s\"",
             vgpu_log_escape(escaped, sizeof(escaped), row, strlen(row)), wrong);
    if (reading->refused++ == 0) {
        (void)snprintf(reading->why, reading->cap, "%s: %s", row, wrong);
    }
}

/* A text column that fits; false when it is none, or holds a zero byte. */
static bool get_text(sqlite3_stmt *row, int column, char *to, size_t cap)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    size_t len = (size_t)sqlite3_column_bytes(row, column);

    if (sqlite3_column_type(row, column) == SQLITE_BLOB || text == NULL || len >= cap ||
        memchr(text, '\0', len) != NULL) {
        return false;
    }
    memcpy(to, text, len);
    to[len] = '\0';
    return true;
}

/* The first column, for a line about the row. */
static void name_row(sqlite3_stmt *row, const char *what, char *name, size_t cap)
{
    const unsigned char *text = sqlite3_column_text(row, 0);

    (void)snprintf(name, cap, "%s %.64s", what, text != NULL ? (const char *)text : "");
}

static bool get_number(sqlite3_stmt *row, int column, uint64_t max, uint64_t *out)
{
    sqlite3_int64 value = sqlite3_column_int64(row, column);

    if (sqlite3_column_type(row, column) != SQLITE_INTEGER || value < 0 || (uint64_t)value > max) {
        return false;
    }
    *out = (uint64_t)value;
    return true;
}

/* NULL, or what is wrong with the row. */
static const char *get_machine(sqlite3_stmt *row, struct hd_machine *m, char *why, size_t cap)
{
    uint64_t priority;
    uint64_t sessions;
    uint64_t own;

    if (!get_text(row, 0, m->name, sizeof(m->name)) ||
        !get_text(row, 1, m->uuid, sizeof(m->uuid)) ||
        !get_text(row, 2, m->pool, sizeof(m->pool)) ||
        !get_text(row, 3, m->socket, sizeof(m->socket))) {
        return "a text is no text, or too long";
    }
    if (!get_number(row, 4, UINT32_MAX, &priority) || !get_number(row, 5, UINT32_MAX, &sessions) ||
        !get_number(row, 6, INT64_MAX, &m->memory_quota) ||
        !get_number(row, 7, INT64_MAX, &m->calls_per_s) ||
        !get_number(row, 8, INT64_MAX, &m->calls_burst) ||
        !get_number(row, 9, INT64_MAX, &m->bytes_per_s) ||
        !get_number(row, 10, INT64_MAX, &m->bytes_burst) || !get_number(row, 11, 1, &own) ||
        !get_number(row, 12, INT64_MAX, &m->starts_per_s) ||
        !get_number(row, 13, INT64_MAX, &m->starts_burst)) {
        return "a number is no number, or negative";
    }
    m->priority = (uint32_t)priority;
    m->sessions_max = (uint32_t)sessions;
    m->starts_own = own == 1;
    return hd_machine_check(m, why, cap) == 0 ? NULL : why;
}

static void take_machine(struct reading *reading, sqlite3_stmt *row)
{
    struct hd_machine machine = {0};
    char why[HD_WHY_MAX];
    char name[120];
    const char *wrong = get_machine(row, &machine, why, sizeof(why));

    name_row(row, "machine", name, sizeof(name));
    if (wrong == NULL && (hd_table_machine_by_uuid(reading->table, machine.uuid) != NULL ||
                          hd_table_machine_by_socket(reading->table, machine.socket) != NULL)) {
        wrong = "its uuid or socket is another machine's";
    }
    if (wrong == NULL && hd_table_put_machine(reading->table, &machine) != 0) {
        wrong = "there are more machines than there is room for";
    }
    if (wrong != NULL) {
        leave_out(reading, name, wrong);
    }
}

static void take_pool(struct reading *reading, sqlite3_stmt *row)
{
    struct hd_pool fresh = {0};
    struct hd_pool pool;
    const struct hd_pool *known;
    char gpu[HD_GPU_TEXT];
    const char *wrong = NULL;
    char name[120];

    name_row(row, "pool", name, sizeof(name));
    if (!get_text(row, 0, fresh.name, sizeof(fresh.name)) ||
        hd_pool_name_check(fresh.name) != NULL) {
        leave_out(reading, name, "not the name of a pool");
        return;
    }
    known = hd_table_pool(reading->table, fresh.name);
    pool = known != NULL ? *known : fresh;
    if (pool.gpu_count == VGPU_DEVICES_MAX) {
        wrong = "more GPUs than a pool can have";
    } else if (!get_text(row, 1, gpu, sizeof(gpu)) ||
               hd_gpu_parse(gpu, pool.gpus[pool.gpu_count]) != 0) {
        wrong = "a GPU's uuid is none";
    } else {
        pool.gpu_count++;
        wrong = hd_table_put_pool(reading->table, &pool) != 0 ? "more pools than there is room for"
                                                              : NULL;
    }
    if (wrong != NULL) {
        leave_out(reading, name, wrong);
    }
}

static void take_gpu(struct reading *reading, sqlite3_stmt *row)
{
    struct hd_gpu gpu = {0};
    char text[HD_GPU_TEXT];
    uint64_t drained;

    if (!get_text(row, 0, text, sizeof(text)) || hd_gpu_parse(text, gpu.uuid) != 0 ||
        !get_number(row, 1, 1, &drained)) {
        leave_out(reading, "gpu", "its uuid, or whether it is drained, is no such value");
        return;
    }
    gpu.drained = drained == 1;
    if (hd_table_put_gpu(reading->table, &gpu) != 0) {
        leave_out(reading, text, "more GPUs than there is room for");
    }
}

static int each_row(sqlite3 *db, const char *sql, struct reading *reading,
                    void (*take)(struct reading *, sqlite3_stmt *))
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (rc != SQLITE_OK) {
        return -EIO;
    }
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        take(reading, statement);
    }
    (void)sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? 0 : -EIO;
}

/* An older file that could not be brought to this version has no columns for starts. */
static int each_machine(sqlite3 *db, struct reading *reading)
{
    bool has_starts = sqlite3_table_column_metadata(db, NULL, "machine", "starts_own", NULL, NULL,
                                                    NULL, NULL, NULL) == SQLITE_OK;
    char sql[300];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT name, uuid, pool, socket, priority, sessions_max, memory_quota,"
                   " calls_per_s, calls_burst, bytes_per_s, bytes_burst, %s"
                   " FROM machine ORDER BY name",
                   has_starts ? "starts_own, starts_per_s, starts_burst" : "0, 0, 0");
    return each_row(db, sql, reading, take_machine);
}

int hd_store_rows_read(sqlite3 *db, struct hd_table *table, char *why, size_t cap)
{
    struct reading reading = {.table = table, .why = why, .cap = cap};
    int rc = each_machine(db, &reading);

    if (rc == 0) {
        rc = each_row(db, "SELECT pool, gpu FROM pool_gpu ORDER BY pool, gpu", &reading, take_pool);
    }
    if (rc == 0) {
        rc = each_row(db, "SELECT uuid, drained FROM gpu ORDER BY uuid", &reading, take_gpu);
    }
    return rc < 0 ? rc : reading.refused;
}

/* Runs one statement whose parameters are the texts and then the numbers. */
static int run(sqlite3 *db, const char *sql, const char *const *texts, int text_count,
               const uint64_t *numbers, int number_count)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    for (int i = 0; rc == SQLITE_OK && i < text_count; i++) {
        rc = sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
    }
    for (int i = 0; rc == SQLITE_OK && i < number_count; i++) {
        rc = sqlite3_bind_int64(statement, text_count + i + 1, (sqlite3_int64)numbers[i]);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

static int put_machine(sqlite3 *db, const struct hd_machine *m)
{
    const char *const texts[] = {m->name, m->uuid, m->pool, m->socket};
    const uint64_t numbers[] = {m->priority,     m->sessions_max, m->memory_quota, m->calls_per_s,
                                m->calls_burst,  m->bytes_per_s,  m->bytes_burst,  m->starts_own,
                                m->starts_per_s, m->starts_burst};

    return run(db,
               "INSERT OR REPLACE INTO machine (name, uuid, pool, socket, priority, sessions_max,"
               " memory_quota, calls_per_s, calls_burst, bytes_per_s, bytes_burst,"
               " starts_own, starts_per_s, starts_burst)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               texts, 4, numbers, 10);
}

static int drop_named(sqlite3 *db, const char *sql, const char *name)
{
    return run(db, sql, &name, 1, NULL, 0);
}

static int put_pool(sqlite3 *db, const struct hd_pool *pool)
{
    int rc = drop_named(db, "DELETE FROM pool_gpu WHERE pool = ?", pool->name);

    for (size_t i = 0; rc == SQLITE_OK && i < pool->gpu_count; i++) {
        char gpu[HD_GPU_TEXT];
        const char *const texts[] = {pool->name, gpu};

        hd_gpu_format(pool->gpus[i], gpu);
        rc = run(db, "INSERT INTO pool_gpu (pool, gpu) VALUES (?, ?)", texts, 2, NULL, 0);
    }
    return rc;
}

static int put_gpu(sqlite3 *db, const struct hd_gpu *gpu)
{
    char text[HD_GPU_TEXT];
    const char *const texts[] = {text};
    const uint64_t drained = gpu->drained ? 1 : 0;

    hd_gpu_format(gpu->uuid, text);
    return run(db, "INSERT OR REPLACE INTO gpu (uuid, drained) VALUES (?, ?)", texts, 1, &drained,
               1);
}

int hd_store_rows_write(sqlite3 *db, const struct hd_change *change)
{
    switch (change->kind) {
    case HD_PUT_MACHINE:
        return put_machine(db, &change->machine);
    case HD_DROP_MACHINE:
        return drop_named(db, "DELETE FROM machine WHERE name = ?", change->machine.name);
    case HD_PUT_POOL:
    case HD_DROP_POOL:
        return put_pool(db, &change->pool);
    case HD_PUT_GPU:
        return put_gpu(db, &change->gpu);
    }
    return SQLITE_MISUSE;
}
