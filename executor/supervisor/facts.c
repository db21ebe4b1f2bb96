/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/facts.h"

#include <errno.h>
#include <string.h>

#include "executor/supervisor/card.h"

int ex_facts_get(const struct ex_options *options, int stop_fd, struct ex_probe *probe)
{
    uint64_t quota = (uint64_t)options->settings.memory_quota_mib << 20;

    if (probe->facts != NULL) {
        return 0;
    }
    ex_probe_fini(probe);
    int rc = ex_probe_run(options, stop_fd, probe);

    if (rc < 0) {
        return rc;
    }
    if (probe->facts == NULL) {
        vgpu_log(VGPU_LOG_ERROR, "no usable GPU gpu=%s result=%d", options->gpu.text,
                 probe->result);
        return -ENODEV;
    }
    ex_card_describe(probe->facts, strstr(options->driver, "libcuda-sim.so") != NULL, "/sys");
    if (quota != 0 && quota < probe->facts->total_memory) {
        probe->facts->total_memory = quota;
    }
    return 0;
}
