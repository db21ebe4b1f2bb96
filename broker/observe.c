/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/observe.h"

#include <string.h>

#include "common/clock.h"
#include "vgpu_ops.h"

#define US VGPU_NS_PER_US
#define MS VGPU_NS_PER_MS

const uint64_t br_latency_bounds[BR_LATENCY_BUCKETS] = {
    10 * US, 25 * US, 50 * US, 100 * US, 250 * US, 500 * US,
    1 * MS,  3 * MS,  10 * MS, 50 * MS,  250 * MS, 1000 * MS,
};

void br_observe_begin(struct br_sample *sample, const struct vgpu_record *record)
{
    sample->waits = true;
    sample->lane = record->lane;
    sample->sequence = record->sequence;
    sample->since_ns = vgpu_clock_ns();
}

static void end(struct br_observed *observed, struct br_sample *sample)
{
    uint64_t took = vgpu_clock_ns() - sample->since_ns;
    size_t i = 0;

    while (i < BR_LATENCY_BUCKETS && took > br_latency_bounds[i]) {
        i++;
    }
    observed->latency[i]++;
    observed->latency_ns += took;
    sample->waits = false;
}

/* A worker that was taken over could send any code: the table is bounded. */
static void count_error(struct br_observed *observed, int32_t code)
{
    for (size_t i = 0; i < BR_ERROR_CODES; i++) {
        if (observed->errors[i].count == 0 || observed->errors[i].code == code) {
            observed->errors[i].code = code;
            observed->errors[i].count++;
            return;
        }
    }
    observed->other_errors++;
}

void br_observe_answers(struct br_observed *observed, struct br_sample *sample,
                        const uint8_t *records, size_t len)
{
    struct vgpu_record record;
    int32_t code;

    for (size_t at = 0; at < len; at += record.length) {
        memcpy(&record, records + at, sizeof(record));
        if (record.op == VGPU_OP_vgpuHostCall ||
            record.length < VGPU_RECORD_HEADER_BYTES + sizeof(code)) {
            continue;
        }
        memcpy(&code, records + at + VGPU_RECORD_HEADER_BYTES, sizeof(code));
        if (code != 0) {
            count_error(observed, code);
        }
        if (sample->waits && sample->sequence == record.sequence && sample->lane == record.lane) {
            end(observed, sample);
        }
    }
}
