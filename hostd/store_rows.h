/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_STORE_ROWS_H
#define HD_STORE_ROWS_H

/* Private to hostd/.  Rows of the registry's file: read into a table, written from a change. */

#include "hostd/store.h"

/* Reads every row.  Returns how many were left out because a value is not what it may be, each with
 * a line in the log and the first one's in `why`; or -EIO. */
int hd_store_rows_read(sqlite3 *db, struct hd_table *table, char *why, size_t cap);

/* Writes what the change says.  SQLITE_OK or SQLite's code. */
int hd_store_rows_write(sqlite3 *db, const struct hd_change *change);

#endif
