/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "broker/metrics_table.h"

static void add_session(struct br_scrape *s, const struct br_session *session)
{
    struct br_share_sum *sum = &session->holder->share->sum;
    int slot = br_session_slot(session);

    br_stats_add(&s->all, &session->stats);
    if (session->pending != NULL) {
        sum->to_guest += session->pending_end - session->pending_start;
    }
    if (session->worker != NULL) {
        sum->to_worker += session->worker->link.out_end - session->worker->link.out_start;
    }
    if (slot >= 0) {
        sum->memory[slot] += br_session_memory(session);
        s->gpu_used[slot] += br_session_memory(session);
        s->gpu_sessions[slot]++;
    }
}

/* One pass over the sessions, however many metrics want their sums. */
static void take_stock(struct br_scrape *s)
{
    const struct br_session *session;
    struct br_share *share;

    s->all = s->broker->total;
    TAILQ_FOREACH(share, &s->broker->shares, entry)
    {
        memset(&share->sum, 0, sizeof(share->sum));
    }
    TAILQ_FOREACH(session, &s->broker->sessions, entry)
    {
        add_session(s, session);
    }
}

/* The metric of that number, or NULL. */
static const struct br_metric *find(size_t number)
{
    const struct br_metric_group *const groups[] = {&br_metrics_host, &br_metrics_vm,
                                                    &br_metrics_gpu};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (number < groups[i]->count) {
            return &groups[i]->metrics[number];
        }
        number -= groups[i]->count;
    }
    return NULL;
}

void br_metrics_begin(struct br_scrape *scrape, struct br_broker *broker, struct br_text *text)
{
    *scrape = (struct br_scrape){.text = text, .broker = broker};
    take_stock(scrape);
}

bool br_metrics_step(struct br_scrape *scrape)
{
    const struct br_metric *metric = find(scrape->next++);

    if (metric == NULL || scrape->text->failed) {
        return false;
    }
    br_text_add(scrape->text, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
                metric->name, metric->type);
    metric->emit(scrape, metric);
    return true;
}
