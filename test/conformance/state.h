/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_STATE_H
#define VGPU_TEST_CONF_STATE_H

/*
 * What a case's process tells the runner, in memory that both map.  The case
 * writes, the runner reads only after the process has ended.
 */

#include <pthread.h>
#include <stdbool.h>

#define CONF_TRANSCRIPT_BYTES (64u << 10)

struct conf_state {
    pthread_mutex_t lock;
    unsigned int used;
    unsigned int failures;
    bool skipped;
    bool finished;
    bool truncated;
    char first_failure[256];
    char transcript[CONF_TRANSCRIPT_BYTES];
};

/* Maps a state for use across fork(); NULL when memory is short. */
struct conf_state *conf_state_new(void);
void conf_state_reset(struct conf_state *state);

/* Codes are recorded as they came, also where a case takes several. */
void conf_state_be_exact(void);

/* Chooses the state that the functions of conf.h write to, in this process. */
void conf_state_use(struct conf_state *state);

#endif
