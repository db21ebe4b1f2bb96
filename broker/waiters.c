/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/waiters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "broker/session.h"

#define CAP_MIN 8u

static void put(struct br_waiters *waiters, uint32_t place, struct br_session *session)
{
    waiters->steps++;
    waiters->at[place] = session;
    session->ledger.place = place;
}

static bool is_before(const struct br_session *a, const struct br_session *b)
{
    return a->ledger.least < b->ledger.least;
}

/* Towards the front from a place that is free. */
static void rise(struct br_waiters *waiters, uint32_t place, struct br_session *session)
{
    while (place > 0 && is_before(session, waiters->at[(place - 1) / 2])) {
        put(waiters, place, waiters->at[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(waiters, place, session);
}

/* Towards the end from a place that is free. */
static void sink(struct br_waiters *waiters, uint32_t place, struct br_session *session)
{
    for (uint32_t next; (next = 2 * place + 1) < waiters->count; place = next) {
        if (next + 1 < waiters->count && is_before(waiters->at[next + 1], waiters->at[next])) {
            next++;
        }
        if (!is_before(waiters->at[next], session)) {
            break;
        }
        put(waiters, place, waiters->at[next]);
    }
    put(waiters, place, session);
}

static int grow(struct br_waiters *waiters)
{
    uint32_t cap = waiters->cap > 0 ? 2 * waiters->cap : CAP_MIN;
    struct br_session **at = realloc(waiters->at, cap * sizeof(void *));

    if (at == NULL) {
        return -ENOMEM;
    }
    waiters->at = at;
    waiters->cap = cap;
    return 0;
}

int br_waiters_add(struct br_waiters *waiters, struct br_session *session)
{
    int rc = waiters->count == waiters->cap ? grow(waiters) : 0;

    if (rc == 0) {
        rise(waiters, waiters->count++, session);
    }
    return rc;
}

void br_waiters_remove(struct br_waiters *waiters, struct br_session *session)
{
    uint32_t place = session->ledger.place;
    struct br_session *last = waiters->at[--waiters->count];

    if (last == session) {
        return;
    }
    if (place > 0 && is_before(last, waiters->at[(place - 1) / 2])) {
        rise(waiters, place, last);
    } else {
        sink(waiters, place, last);
    }
}

struct br_session *br_waiters_first(const struct br_waiters *waiters)
{
    return waiters->count > 0 ? waiters->at[0] : NULL;
}

void br_waiters_fini(struct br_waiters *waiters)
{
    free(waiters->at);
    *waiters = (struct br_waiters){.count = 0};
}
