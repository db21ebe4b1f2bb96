/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_PAGE_SCAN_H
#define GS_PAGE_SCAN_H

/*
 * Where a file is mapped in this process, as the system tells it.  Takes no memory and no lock, so
 * that it serves where any page of the program's may be missing.
 */

#include <stdbool.h>
#include <stdint.h>

/* Calls `found` for every shared, writable mapping of the file with this inode, in order of
 * addresses.  What `found` maps in a mapping's place is not looked at.  False: the system does not
 * tell.  Any thread. */
bool gs_page_scan(uint64_t inode, void (*found)(uint64_t from, uint64_t to, void *arg), void *arg);

#endif
