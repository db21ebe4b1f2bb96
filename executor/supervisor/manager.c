/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/manager.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"

void ex_manager_init(struct ex_manager *manager)
{
    int rc = vgpu_notify_init();

    *manager = (struct ex_manager){.status = ""};
    if (rc < 0) {
        vgpu_log(VGPU_LOG_WARNING, "cannot tell the service manager error=\"%s\"", strerror(-rc));
    }
    if (vgpu_notify_watchdog_ns() != 0) {
        manager->next_ns = vgpu_clock_ns() + vgpu_notify_watchdog_ns();
    }
}

void ex_manager_status(struct ex_manager *manager, const char *status)
{
    char line[128];

    if (strcmp(manager->status, status) != 0) {
        manager->status = status;
        (void)snprintf(line, sizeof(line), "STATUS=%s", status);
        vgpu_notify(line);
    }
}

void ex_manager_ready(struct ex_manager *manager)
{
    if (!manager->ready) {
        manager->ready = true;
        vgpu_notify("READY=1");
    }
}

void ex_manager_turn(struct ex_manager *manager)
{
    uint64_t now = vgpu_clock_ns();

    if (manager->next_ns != 0 && now >= manager->next_ns) {
        manager->next_ns = now + vgpu_notify_watchdog_ns();
        vgpu_notify("WATCHDOG=1");
    }
}

uint64_t ex_manager_deadline(const struct ex_manager *manager)
{
    return manager->next_ns != 0 ? manager->next_ns : UINT64_MAX;
}

void ex_manager_draining(struct ex_manager *manager)
{
    vgpu_notify("STOPPING=1");
    ex_manager_status(manager, "draining");
}

void ex_manager_stopping(struct ex_manager *manager)
{
    vgpu_notify("STOPPING=1");
    ex_manager_status(manager, "stopping");
}
