/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_PAGES_H
#define EX_WORKER_PAGES_H

#include <stddef.h>

/*
 * Makes the pages of memory that is about to be written, all at once: a fault for each costs more
 * than the copy that follows.  A hint; what lies there stays.  Any thread.
 */
void ex_pages_make(void *at, size_t bytes);

#endif
