/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/stats.h"

#include <inttypes.h>

#include "common/log.h"
#include "vgpu_ops.h"

enum br_class br_stats_record(struct br_stats *stats, const struct vgpu_record *record)
{
    const struct vgpu_op_info *info = vgpu_op_find(record->op);
    enum br_class class = BR_CLASS_UNKNOWN;

    if (info != NULL) {
        class = info->class == VGPU_OP_ROUND_TRIP ? BR_CLASS_ROUND_TRIP : BR_CLASS_ONE_WAY;
    }
    stats->records[class]++;
    return class;
}

void br_stats_add(struct br_stats *total, const struct br_stats *one)
{
    total->sessions += one->sessions;
    for (int i = 0; i < BR_CLASSES; i++) {
        total->records[i] += one->records[i];
    }
    total->submit_bytes += one->submit_bytes;
    total->submit_frames += one->submit_frames;
    total->answers += one->answers;
    total->complete_bytes += one->complete_bytes;
    total->complete_frames += one->complete_frames;
    total->control_frames += one->control_frames;
    total->doorbells += one->doorbells;
    total->quiets += one->quiets;
    total->interrupts += one->interrupts;
    total->worker_full += one->worker_full;
    total->throttled += one->throttled;
    total->guest_full += one->guest_full;
    total->misuses += one->misuses;
    total->cache_hits += one->cache_hits;
    total->cache_misses += one->cache_misses;
    total->cache_filed += one->cache_filed;
    total->cache_wrong += one->cache_wrong;
    total->cache_bytes += one->cache_bytes;
}

void br_stats_log(const char *what, const struct br_stats *stats)
{
    vgpu_log(VGPU_LOG_INFO,
             "%s one_way=%" PRIu64 " round_trip=%" PRIu64 " unknown=%" PRIu64
             " submit_bytes=%" PRIu64 " submit_frames=%" PRIu64 " answers=%" PRIu64
             " complete_bytes=%" PRIu64 " complete_frames=%" PRIu64 " control=%" PRIu64
             " doorbells=%" PRIu64 " quiets=%" PRIu64 " interrupts=%" PRIu64 " worker_full=%" PRIu64
             " throttled=%" PRIu64 " guest_full=%" PRIu64 " misuses=%" PRIu64 " cache_hits=%" PRIu64
             " cache_misses=%" PRIu64 " cache_filed=%" PRIu64 " cache_wrong=%" PRIu64
             " cache_bytes=%" PRIu64,
             what, stats->records[BR_CLASS_ONE_WAY], stats->records[BR_CLASS_ROUND_TRIP],
             stats->records[BR_CLASS_UNKNOWN], stats->submit_bytes, stats->submit_frames,
             stats->answers, stats->complete_bytes, stats->complete_frames, stats->control_frames,
             stats->doorbells, stats->quiets, stats->interrupts, stats->worker_full,
             stats->throttled, stats->guest_full, stats->misuses, stats->cache_hits,
             stats->cache_misses, stats->cache_filed, stats->cache_wrong, stats->cache_bytes);
}
