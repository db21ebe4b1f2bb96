/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/worker_list.h"

#include <stddef.h>

struct ex_worker_entry *ex_worker_list_add(struct ex_worker_list *list,
                                           const struct ex_child *child, uint64_t deadline_ns)
{
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        struct ex_worker_entry *entry = &list->entries[i];

        if (entry->state == EX_WORKER_FREE) {
            entry->state = EX_WORKER_STARTING;
            entry->id = ++list->next_id;
            entry->child = *child;
            entry->deadline_ns = deadline_ns;
            ex_backoff_reset(&entry->dying);
            return entry;
        }
    }
    return NULL;
}

void ex_worker_list_remove(struct ex_worker_entry *entry)
{
    ex_child_fini(&entry->child);
    entry->state = EX_WORKER_FREE;
}

struct ex_worker_entry *ex_worker_list_by_id(struct ex_worker_list *list, uint32_t id)
{
    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        if (list->entries[i].state != EX_WORKER_FREE && list->entries[i].id == id) {
            return &list->entries[i];
        }
    }
    return NULL;
}

uint32_t ex_worker_list_count(const struct ex_worker_list *list, enum ex_worker_state state)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < EX_WORKERS_MAX; i++) {
        count += list->entries[i].state == state;
    }
    return count;
}

uint32_t ex_worker_list_total(const struct ex_worker_list *list)
{
    return EX_WORKERS_MAX - ex_worker_list_count(list, EX_WORKER_FREE);
}
