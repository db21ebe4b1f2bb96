/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_STORE_H
#define HD_STORE_H

/*
 * The registry's file: SQLite, one process writes it, every change is one transaction
 * that is on the disk when hd_store_commit() returns.  A rollback journal, no WAL: changes
 * are rare, and such a file can be read where nothing can be written.
 *
 * What is wrong with the file never ends the program: hd_store_open() reads what can be
 * read, and `fault` says why changes are refused.
 */

#include <sqlite3.h>

#include "hostd/change.h"
#include "hostd/table.h"

#define HD_STORE_SCHEMA 2

struct hd_store {
    const char *path;        /* borrowed */
    sqlite3 *db;             /* NULL: changes are refused */
    bool set_aside;          /* a damaged file was moved away at this start */
    char fault[HD_WHY_MAX];  /* why changes are refused, and what to do; empty: they are not */
    char failed[HD_WHY_MAX]; /* why the last change could not be kept; empty: it was */
    char notice[HD_WHY_MAX]; /* what the operator should know beside it; may be empty */
};

/* Opens or makes the file and reads it into the table, which starts zeroed. */
void hd_store_open(struct hd_store *store, const char *path, struct hd_table *table);

/* Writes the change into a transaction that stays open.  0; or -EROFS (see fault), -ENOSPC or -EIO
 * with a line in `why`, and no transaction is open. */
int hd_store_begin(struct hd_store *store, const struct hd_change *change, char *why, size_t cap);

/* Ends the transaction: it is on the disk.  0, or as above: nothing has changed. */
int hd_store_commit(struct hd_store *store, char *why, size_t cap);

/* Ends it the other way. */
void hd_store_rollback(struct hd_store *store);

/* Closes the file; a transaction that is not ended is as if never begun. */
void hd_store_close(struct hd_store *store);

#endif
