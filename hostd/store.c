/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "hostd/store_rows.h"

/* "vgpu" in the file's header, so that file(1) and we know our own. */
#define APPLICATION_ID 0x76677075
#define BUSY_MS        200

/* What brings a file of version i to i + 1; user_version in the file counts. */
static const char *const migrations[] = {
    "CREATE TABLE machine (name TEXT NOT NULL PRIMARY KEY, uuid TEXT NOT NULL, pool TEXT NOT NULL,"
    " socket TEXT NOT NULL, priority INTEGER NOT NULL, sessions_max INTEGER NOT NULL,"
    " memory_quota INTEGER NOT NULL, calls_per_s INTEGER NOT NULL, calls_burst INTEGER NOT NULL,"
    " bytes_per_s INTEGER NOT NULL, bytes_burst INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE pool_gpu (pool TEXT NOT NULL, gpu TEXT NOT NULL, PRIMARY KEY (pool, gpu))"
    " WITHOUT ROWID;"
    "CREATE TABLE gpu (uuid TEXT NOT NULL PRIMARY KEY, drained INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id = 1986490485; PRAGMA user_version = 1;",
    "ALTER TABLE machine ADD COLUMN starts_own INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE machine ADD COLUMN starts_per_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE machine ADD COLUMN starts_burst INTEGER NOT NULL DEFAULT 0;"
    "PRAGMA user_version = 2;",
};
_Static_assert(sizeof(migrations) / sizeof(migrations[0]) == HD_STORE_SCHEMA, "migrations");
_Static_assert(APPLICATION_ID == 1986490485, "application id");

static void close_db(struct hd_store *store)
{
    (void)sqlite3_close_v2(store->db);
    store->db = NULL;
}

/* An integer that a pragma answers; -1 when it does not. */
static int pragma(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = sqlite3_column_int(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return value;
}

static bool is_damage(int code)
{
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* SQLITE_OK; SQLITE_CORRUPT or SQLITE_NOTADB; or another code. */
static int check_integrity(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    if (rc == SQLITE_ROW) {
        const unsigned char *answer = sqlite3_column_text(statement, 0);

        rc = answer != NULL && strcmp((const char *)answer, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* What the next start would find wrong with the code's cause, and the cure, in one line. */
static void explain(const struct hd_store *store, int code, char *why, size_t cap)
{
    const char *path = store->path;

    switch (code & 0xff) {
    case SQLITE_FULL:
        (void)snprintf(why, cap,
                       "the disk of %s is full, or the file may not grow; make room and ask again",
                       path);
        break;
    case SQLITE_READONLY:
        (void)snprintf(why, cap,
                       "%s cannot be written; make it and its folder writable for root, "
                       "then: systemctl restart vgpu-hostd",
                       path);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        (void)snprintf(why, cap, "%s is locked by another program; end it and ask again", path);
        break;
    case SQLITE_CANTOPEN:
        (void)snprintf(why, cap,
                       "%s cannot be opened; make its folder, writable for root, "
                       "then: systemctl restart vgpu-hostd",
                       path);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        (void)snprintf(why, cap, "%s is damaged; systemctl restart vgpu-hostd keeps it aside",
                       path);
        break;
    default:
        (void)snprintf(why, cap, "%s: %s; see that its disk works and has room", path,
                       sqlite3_errstr(code));
        break;
    }
}

static int errno_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_BUSY:
        return -EBUSY;
    default:
        return -EIO;
    }
}

/* Brings the file to this version.  SQLITE_OK, SQLITE_SCHEMA when it is a later one's or another
 * program's, or why it failed. */
static int migrate(sqlite3 *db)
{
    int version = pragma(db, "PRAGMA user_version");
    int owner = pragma(db, "PRAGMA application_id");
    int rc = SQLITE_OK;

    if (version < 0 || version > HD_STORE_SCHEMA || (version > 0 && owner != APPLICATION_ID)) {
        return SQLITE_SCHEMA;
    }
    if (version == HD_STORE_SCHEMA) {
        return SQLITE_OK;
    }
    rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int i = version; rc == SQLITE_OK && i < HD_STORE_SCHEMA; i++) {
        rc = sqlite3_exec(db, migrations[i], NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

static int open_file(struct hd_store *store, int flags)
{
    int rc = sqlite3_open_v2(store->path, &store->db, flags, NULL);

    if (rc == SQLITE_OK) {
        (void)sqlite3_busy_timeout(store->db, BUSY_MS);
        (void)sqlite3_extended_result_codes(store->db, 0);
        rc = sqlite3_exec(store->db, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF", NULL,
                          NULL, NULL);
    }
    return rc == SQLITE_OK ? check_integrity(store->db) : rc;
}

/* Moves a damaged file, and its journal, to a name of its own. */
static int set_aside(struct hd_store *store, char *kept, size_t cap)
{
    char journal[600];
    char kept_journal[600];
    char stamp[32];
    time_t now = time(NULL);
    struct tm local;

    (void)strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now, &local));
    (void)snprintf(kept, cap, "%s.damaged-%s", store->path, stamp);
    if (rename(store->path, kept) != 0) {
        return -errno;
    }
    (void)snprintf(journal, sizeof(journal), "%s-journal", store->path);
    (void)snprintf(kept_journal, sizeof(kept_journal), "%.560s-journal", kept);
    (void)rename(journal, kept_journal);
    return 0;
}

/* A damaged file is kept, and an empty one made. */
static int replace_damaged(struct hd_store *store, int code)
{
    char kept[HD_PATH_MAX + 400];
    int rc;

    close_db(store);
    rc = set_aside(store, kept, sizeof(kept));
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "registry damaged and cannot be moved file=%s error=\"%s\"",
                 store->path, strerror(-rc));
        return code;
    }
    store->set_aside = true;
    (void)snprintf(store->notice, sizeof(store->notice), "was damaged; kept as %.480s", kept);
    vgpu_log(VGPU_LOG_ERROR, "registry damaged file=%s kept=%s error=\"%s\"", store->path, kept,
             sqlite3_errstr(code));
    return open_file(store, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
}

static void set_fault(struct hd_store *store, int code)
{
    if (code == SQLITE_SCHEMA) {
        (void)snprintf(store->fault, sizeof(store->fault),
                       "%s is of a later version, or another program's; install that version, or "
                       "move the file away and: systemctl restart vgpu-hostd",
                       store->path);
    } else {
        explain(store, code, store->fault, sizeof(store->fault));
    }
    vgpu_log(VGPU_LOG_ERROR, "registry takes no changes: %s", store->fault);
}

static void read_rows(struct hd_store *store, struct hd_table *table)
{
    char why[HD_WHY_MAX];
    int refused = hd_store_rows_read(store->db, table, why, sizeof(why));

    if (refused < 0 && store->fault[0] == '\0') {
        set_fault(store, sqlite3_errcode(store->db));
    } else if (refused > 0) {
        (void)snprintf(store->notice, sizeof(store->notice), "%d rows left out, the first: %.400s",
                       refused, why);
    }
}

void hd_store_open(struct hd_store *store, const char *path, struct hd_table *table)
{
    bool readable = false;
    int rc;

    *store = (struct hd_store){.path = path};
    rc = open_file(store, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (is_damage(rc)) {
        rc = replace_damaged(store, rc);
    }
    if (rc == SQLITE_OK) {
        rc = migrate(store->db);
        /* A later version's, or one that cannot be brought to this version, is read as it is:
         * machines that run would end otherwise. */
        readable = rc == SQLITE_OK || pragma(store->db, "PRAGMA application_id") == APPLICATION_ID;
    }
    if (rc == SQLITE_OK && sqlite3_db_readonly(store->db, "main") == 1) {
        rc = SQLITE_READONLY;
    }
    if (rc != SQLITE_OK) {
        set_fault(store, rc);
    }
    if (readable) {
        read_rows(store, table);
    }
    if (rc != SQLITE_OK) {
        close_db(store);
    }
    vgpu_log(VGPU_LOG_INFO, "registry file=%s machines=%zu pools=%zu", path, table->machine_count,
             table->pool_count);
}

/* Rolls back and says why. */
static int fail(struct hd_store *store, int code, char *why, size_t cap)
{
    (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    explain(store, code, why, cap);
    (void)snprintf(store->failed, sizeof(store->failed), "%s", why);
    vgpu_log(VGPU_LOG_ERROR, "registry not changed: %s", why);
    return errno_of(code);
}

int hd_store_begin(struct hd_store *store, const struct hd_change *change, char *why, size_t cap)
{
    int rc;

    if (store->db == NULL) {
        (void)snprintf(why, cap, "the registry takes no changes: %.440s", store->fault);
        return -EROFS;
    }
    rc = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        rc = hd_store_rows_write(store->db, change);
    }
    return rc == SQLITE_OK ? 0 : fail(store, rc, why, cap);
}

int hd_store_commit(struct hd_store *store, char *why, size_t cap)
{
    int rc = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        return fail(store, rc, why, cap);
    }
    store->failed[0] = '\0';
    return 0;
}

void hd_store_rollback(struct hd_store *store)
{
    (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

void hd_store_close(struct hd_store *store)
{
    close_db(store);
}
