/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl doctor: every check in turn, each with its light and its cure. */
#include "ctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"

struct check {
    const char *name;
    const char *step; /* of docs/operations.md */
    void (*look)(const struct ct_host *host, struct ct_finding *finding);
};

static const struct check checks[] = {
    {"broker", "1.1", ct_check_broker},     {"hostd", "1.1", ct_check_hostd},
    {"qemu", "1.2", ct_check_qemu},         {"sockets", "1.3", ct_check_sockets},
    {"link", "1.3", ct_check_link},         {"config", "3.1", ct_check_config},
    {"driver", "3.1", ct_check_driver},     {"modules", "3.1", ct_check_modules},
    {"nodes", "3.1", ct_check_nodes},       {"gpus", "3.1", ct_check_gpus},
    {"sandbox", "3.1", ct_check_sandbox},   {"pools", "3.1", ct_check_pools},
    {"registry", "3.1", ct_check_registry}, {"disk", "3.1", ct_check_disk},
    {"journal", "4.1", ct_check_journal},   {"machines", "4.1", ct_check_machines},
    {"identity", "4.1", ct_check_identity}, {"doorbells", "4.2", ct_check_doorbells},
    {"calls", "4.3", ct_check_calls},       {"errors", "4.3", ct_check_errors},
    {"versions", "6", ct_check_versions},
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static const char *const light_names[] = {"green", "yellow", "red"};

void ct_find(struct ct_finding *finding, enum ct_light light, const char *cure, const char *fmt,
             ...)
{
    va_list args;

    if (finding->text[0] != '\0' && light <= finding->light) {
        return;
    }
    finding->light = light;
    va_start(args, fmt);
    (void)vsnprintf(finding->text, sizeof(finding->text), fmt, args);
    va_end(args);
    (void)snprintf(finding->cure, sizeof(finding->cure), "%s", cure != NULL ? cure : "");
}

bool ct_find_broker(const struct ct_host *host, struct ct_finding *finding)
{
    if (!host->view.has_broker) {
        ct_find(finding, CT_AMBER, "see to the check \"broker\" first",
                "not known: vgpu-broker does not answer");
    }
    return host->view.has_broker;
}

/* A GPU of the simulator says so by its name. */
static bool is_simulated(const struct ct_host *host)
{
    char driver[CT_PATH];

    for (size_t i = 0; i < host->view.gpus.count; i++) {
        if (strstr(ct_row_text(ct_rows_at(&host->view.gpus, i), "name"), "simulator") != NULL) {
            return true;
        }
    }
    ct_host_driver(host, driver);
    return strcmp(driver, "sim") == 0 || strstr(driver, "libcuda-sim") != NULL;
}

static void print_text(const struct ct_finding *findings)
{
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
    bool colour = isatty(STDOUT_FILENO) != 0 && getenv("NO_COLOR") == NULL;

    for (size_t i = 0; i < CHECKS; i++) {
        enum ct_light light = findings[i].light;

        printf("%s%-6s%s  %-3s  %-9s  %s\n", colour ? colours[light] : "", light_names[light],
               colour ? "\033[0m" : "", checks[i].step, checks[i].name, findings[i].text);
        if (findings[i].cure[0] != '\0') {
            printf("%*s%s\n", 24, "-> ", findings[i].cure);
        }
    }
}

static void print_json(const struct ct_finding *findings, enum ct_light worst)
{
    json_t *object = json_object();
    json_t *array = json_array();

    for (size_t i = 0; i < CHECKS; i++) {
        json_t *entry = json_object();

        ct_json_text(entry, "name", checks[i].name);
        ct_json_text(entry, "step", checks[i].step);
        ct_json_text(entry, "light", light_names[findings[i].light]);
        ct_json_text(entry, "text", findings[i].text);
        ct_json_text(entry, "cure", findings[i].cure);
        (void)json_array_append_new(array, entry);
    }
    ct_json_text(object, "light", light_names[worst]);
    ct_json_put(object, "checks", array);
    ct_json_print(object);
}

/* Below a root the daemons are looked for there, too. */
static void ask(struct ct_host *host)
{
    struct ct_options options = *host->options;
    char control[CT_PATH];
    char hostd[CT_PATH];

    ct_host_path(host, options.control, control);
    ct_host_path(host, options.hostd, hostd);
    options.control = control;
    options.hostd = hostd;
    (void)ct_view_read_broker(&host->view, &options);
    (void)ct_view_read_hostd(&host->view, &options);
}

enum ct_status ct_run_doctor(const struct ct_options *options)
{
    static struct ct_finding findings[CHECKS];
    static const enum ct_status statuses[] = {CT_OK, CT_YELLOW, CT_RED};
    struct ct_host host = {.options = options};
    enum ct_light worst = CT_GREEN;

    ask(&host);
    host.simulated = is_simulated(&host);
    for (size_t i = 0; i < CHECKS; i++) {
        checks[i].look(&host, &findings[i]);
        worst = findings[i].light > worst ? findings[i].light : worst;
    }
    if (options->json) {
        print_json(findings, worst);
    } else {
        print_text(findings);
    }
    ct_view_free(&host.view);
    return statuses[worst];
}
