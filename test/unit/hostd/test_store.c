/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/store.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[100];
static struct hd_store store;
static struct hd_table table;
static char why[HD_WHY_MAX];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/vgpu-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/registry.db", folder);
    memset(&table, 0, sizeof(table));
    hd_store_open(&store, path, &table);
    return 0;
}

/* Calls `each` with every file of the folder. */
static int for_files(void (*each)(const char *name))
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int count = 0;

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            each(entry->d_name);
            count++;
        }
    }
    closedir(dir);
    return count;
}

static void remove_file(const char *name)
{
    char file[400];

    (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
    (void)unlink(file);
}

static int teardown(void **state)
{
    (void)state;
    hd_store_close(&store);
    (void)for_files(remove_file);
    return rmdir(folder);
}

static void reopen(void)
{
    hd_store_close(&store);
    memset(&table, 0, sizeof(table));
    hd_store_open(&store, path, &table);
}

static int change(const struct hd_change *asked)
{
    int rc = hd_store_begin(&store, asked, why, sizeof(why));

    return rc < 0 ? rc : hd_store_commit(&store, why, sizeof(why));
}

static struct hd_change machine_change(const char *name)
{
    struct hd_change asked = {.kind = HD_PUT_MACHINE,
                              .machine = {.uuid = "6e1f2a3b-0001-4002-8003-0123456789ab",
                                          .pool = "A",
                                          .socket = "/run/x.sock",
                                          .priority = 7,
                                          .sessions_max = 3,
                                          .memory_quota = UINT64_C(8) << 30,
                                          .calls_per_s = 100,
                                          .calls_burst = 200,
                                          .bytes_per_s = 65536,
                                          .bytes_burst = 131072,
                                          .starts_own = true,
                                          .starts_per_s = 8,
                                          .starts_burst = 64}};

    (void)snprintf(asked.machine.name, sizeof(asked.machine.name), "%s", name);
    return asked;
}

static void keeps_rows(void **state)
{
    struct hd_change machine = machine_change("alpha");
    struct hd_change pool = {.kind = HD_PUT_POOL, .pool = {.name = "A", .gpu_count = 2}};
    struct hd_change gpu = {.kind = HD_PUT_GPU, .gpu = {.drained = true}};

    (void)state;
    memset(pool.pool.gpus[0], 0x11, HD_GPU_BYTES);
    memset(pool.pool.gpus[1], 0x22, HD_GPU_BYTES);
    memset(gpu.gpu.uuid, 0x33, HD_GPU_BYTES);
    assert_int_equal(change(&machine), 0);
    assert_int_equal(change(&pool), 0);
    assert_int_equal(change(&gpu), 0);
    reopen();
    assert_int_equal(table.machine_count, 1);
    assert_memory_equal(&table.machines[0], &machine.machine, sizeof(machine.machine));
    assert_int_equal(table.pool_count, 1);
    assert_memory_equal(&table.pools[0], &pool.pool, sizeof(pool.pool));
    assert_int_equal(table.gpu_count, 1);
    assert_true(table.gpus[0].drained);
    machine.kind = HD_DROP_MACHINE;
    pool.kind = HD_DROP_POOL;
    pool.pool.gpu_count = 0;
    assert_int_equal(change(&machine), 0);
    assert_int_equal(change(&pool), 0);
    reopen();
    assert_int_equal(table.machine_count, 0);
    assert_int_equal(table.pool_count, 0);
}

static void a_rollback_leaves_nothing(void **state)
{
    struct hd_change asked = machine_change("alpha");

    (void)state;
    assert_int_equal(hd_store_begin(&store, &asked, why, sizeof(why)), 0);
    hd_store_rollback(&store);
    reopen();
    assert_int_equal(table.machine_count, 0);
}

static void write_at(long offset, const char *text)
{
    FILE *file = fopen(path, "r+");

    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void ignore_file(const char *name)
{
    (void)name;
}

static void a_damaged_file_is_kept_aside(void **state)
{
    struct hd_change asked = machine_change("alpha");

    (void)state;
    assert_int_equal(change(&asked), 0);
    hd_store_close(&store);
    write_at(0, "this is no database any more, it is a text");
    reopen();
    assert_true(store.set_aside);
    assert_int_equal(table.machine_count, 0);
    assert_string_equal(store.fault, "");
    assert_non_null(strstr(store.notice, "was damaged; kept as "));
    assert_int_equal(for_files(ignore_file), 2);
    assert_int_equal(change(&asked), 0);
}

static void a_damaged_page_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < 64; i++) {
        struct hd_change asked;
        char name[16];

        (void)snprintf(name, sizeof(name), "vm-%d", i);
        asked = machine_change(name);
        asked.machine.uuid[0] = '\0';
        asked.machine.socket[0] = '\0';
        assert_int_equal(change(&asked), 0);
    }
    hd_store_close(&store);
    write_at(4096, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    reopen();
    assert_true(store.set_aside);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void bad_values_are_left_out(void **state)
{
    struct hd_change good = machine_change("good");

    (void)state;
    assert_int_equal(change(&good), 0);
    run_sql("INSERT INTO machine VALUES ('a', '', '', '', 5000, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('b c', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('c', '', '', '', 0, 0, -5, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('d', '', '', '', 'x', 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('e', 'no uuid', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('f', '', '', 'relative', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('h', '6E1F2A3B-0001-4002-8003-0123456789AB', '', '',"
            " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES (x'61626300', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
            "INSERT INTO machine VALUES ('i', '', '', '', 0, 0, 0, 0, 0, 0, 0, 2, 4, 4);"
            "INSERT INTO machine VALUES ('j', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 4, 4);"
            "INSERT INTO machine VALUES ('k', '', '', '', 0, 0, 0, 0, 0, 0, 0, 1, 4, 0);"
            "INSERT INTO pool_gpu VALUES ('A', 'GPU-1');"
            "INSERT INTO gpu VALUES ('GPU-00000000-0000-0000-0000-000000000000', 7)");
    reopen();
    assert_int_equal(table.machine_count, 1);
    assert_string_equal(table.machines[0].name, "good");
    assert_int_equal(table.pool_count + table.gpu_count, 0);
    assert_non_null(strstr(store.notice, "13 rows left out, the first: machine"));
    assert_string_equal(store.fault, "");
}

static void a_later_version_is_left_alone(void **state)
{
    struct hd_change asked = machine_change("alpha");

    (void)state;
    assert_int_equal(change(&asked), 0);
    run_sql("PRAGMA user_version = 99; ALTER TABLE machine ADD COLUMN later TEXT");
    reopen();
    assert_non_null(strstr(store.fault, "of a later version"));
    /* What it says of machines counts: they run perhaps. */
    assert_int_equal(table.machine_count, 1);
    assert_memory_equal(&table.machines[0], &asked.machine, sizeof(asked.machine));
    assert_int_equal(change(&asked), -EROFS);
    assert_non_null(strstr(why, "later version"));
    assert_int_equal(for_files(ignore_file), 1);
}

static void another_programs_file_is_not_read(void **state)
{
    struct hd_change asked = machine_change("alpha");

    (void)state;
    assert_int_equal(change(&asked), 0);
    run_sql("PRAGMA application_id = 7");
    reopen();
    assert_non_null(strstr(store.fault, "another program's"));
    assert_int_equal(table.machine_count, 0);
}

/* The registry as the first version wrote it. */
static void make_first_version(void)
{
    run_sql("DROP TABLE machine;"
            "CREATE TABLE machine (name TEXT NOT NULL PRIMARY KEY, uuid TEXT NOT NULL,"
            " pool TEXT NOT NULL, socket TEXT NOT NULL, priority INTEGER NOT NULL,"
            " sessions_max INTEGER NOT NULL, memory_quota INTEGER NOT NULL,"
            " calls_per_s INTEGER NOT NULL, calls_burst INTEGER NOT NULL,"
            " bytes_per_s INTEGER NOT NULL, bytes_burst INTEGER NOT NULL) WITHOUT ROWID;"
            "INSERT INTO machine VALUES ('old', '', 'A', '', 1, 2, 0, 3, 4, 0, 0);"
            "PRAGMA user_version = 1");
}

static void an_older_version_becomes_this_one(void **state)
{
    struct hd_change asked = machine_change("new");

    (void)state;
    make_first_version();
    reopen();
    assert_string_equal(store.fault, "");
    assert_int_equal(table.machine_count, 1);
    assert_int_equal(table.machines[0].calls_burst, 4);
    assert_false(table.machines[0].starts_own);
    assert_int_equal(change(&asked), 0);
    reopen();
    assert_int_equal(table.machine_count, 2);
}

/* As where the disk is full: its machines run on, and nothing is changed. */
static void an_older_version_that_stays_is_read(void **state)
{
    struct hd_change asked = machine_change("new");
    sqlite3 *db;

    (void)state;
    make_first_version();
    hd_store_close(&store);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    reopen();
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_non_null(strstr(store.fault, "is locked by another program"));
    assert_int_equal(table.machine_count, 1);
    assert_string_equal(table.machines[0].name, "old");
    assert_int_equal(change(&asked), -EROFS);
}

static void a_missing_folder_is_a_fault(void **state)
{
    struct hd_change asked = machine_change("alpha");
    struct hd_store other;

    (void)state;
    hd_store_open(&other, "/nonexistent/folder/registry.db", &table);
    assert_non_null(strstr(other.fault, "make its folder"));
    assert_int_equal(hd_store_begin(&other, &asked, why, sizeof(why)), -EROFS);
    hd_store_close(&other);
}

static void a_full_disk_refuses_and_loses_nothing(void **state)
{
    struct rlimit before;
    struct rlimit tight;
    struct hd_change asked = machine_change("alpha");
    int rc = 0;

    (void)state;
    assert_int_equal(change(&asked), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = (struct rlimit){.rlim_cur = 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; rc == 0 && i < 200; i++) {
        (void)snprintf(asked.machine.name, sizeof(asked.machine.name), "vm-%d", i);
        rc = change(&asked);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(rc == -ENOSPC || rc == -EIO);
    assert_true(strlen(why) > 0);
    reopen();
    assert_string_equal(store.fault, "");
    assert_non_null(hd_table_machine(&table, "alpha"));
    assert_int_equal(change(&asked), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rollback_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_kept_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_page_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_values_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_later_version_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(another_programs_file_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_version_becomes_this_one, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_version_that_stays_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_and_loses_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
