/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The same steps as lights: those before the one that failed are green, that one is red with
 * cause and cure, those behind it could not be looked at.
 */
#include <stdio.h>

#include "guest/tools/info.h"

enum light { GREEN, YELLOW, RED };

#define STATUSES 6

struct step {
    const char *name;
    int statuses[STATUSES]; /* exit statuses that are its failures; 0 ends them */
    void (*describe)(const struct info *info, char text[static INFO_LINE]);
};

static void describe_device(const struct info *info, char text[static INFO_LINE])
{
    if (info->has_device) {
        (void)snprintf(text, INFO_LINE, "%s, revision %u.%u", info->device.pci.address,
                       info->device.revision >> 16, info->device.revision & 0xffff);
    } else {
        (void)snprintf(text, INFO_LINE, "no virtual machine: the socket %s", gs_socket_path());
    }
}

static void describe_access(const struct info *info, char text[static INFO_LINE])
{
    const char *driver = info->device.driver;

    (void)snprintf(text, INFO_LINE, "its files can be opened%s%s",
                   driver[0] != '\0' ? ", kernel driver " : "", driver);
}

static void describe_host(const struct info *info, char text[static INFO_LINE])
{
    if (info->has_device) {
        (void)snprintf(text, INFO_LINE, "vgpu-broker %s, %.1f us there and back",
                       info->device.broker, info->device.beat_us);
    } else {
        (void)snprintf(text, INFO_LINE, "vgpu-broker accepts");
    }
}

static void describe_versions(const struct info *info, char text[static INFO_LINE])
{
    (void)info;
    (void)snprintf(text, INFO_LINE, "library " VGPU_VERSION ", and the host takes it");
}

static void describe_channel(const struct info *info, char text[static INFO_LINE])
{
    (void)snprintf(text, INFO_LINE, "one could be had, of %llu MiB",
                   (unsigned long long)(info->window.bytes >> 20));
}

static void describe_library(const struct info *info, char text[static INFO_LINE])
{
    (void)snprintf(text, INFO_LINE, "%s", info->library.path);
}

static void describe_gpu(const struct info *info, char text[static INFO_LINE])
{
    (void)snprintf(text, INFO_LINE, "%d: %s", info->library.gpu_count, info->library.gpus[0].name);
}

static void describe_loader(const struct info *info, char text[static INFO_LINE])
{
    (void)snprintf(text, INFO_LINE, "programs load %s", info->library.programs);
}

static const struct step steps[] = {
    {"device", {3, 7, 8}, describe_device}, {"access", {4, 5, 6}, describe_access},
    {"host", {9, 10}, describe_host},       {"versions", {12}, describe_versions},
    {"channel", {1, 11}, describe_channel}, {"library", {INFO_NO_LIBRARY}, describe_library},
    {"gpu", {INFO_NO_GPU}, describe_gpu},   {"loader", {INFO_SHADOWED}, describe_loader},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* The step that the status is a failure of; STEPS when all is well. */
static size_t find_failed(int status)
{
    for (size_t i = 0; i < STEPS; i++) {
        for (size_t k = 0; k < STATUSES && steps[i].statuses[k] != 0; k++) {
            if (steps[i].statuses[k] == status) {
                return i;
            }
        }
    }
    return STEPS;
}

static enum light look(const struct info *info, size_t step, char text[static INFO_LINE])
{
    size_t failed = find_failed(info->status);

    if (step == failed) {
        (void)snprintf(text, INFO_LINE, "%s", info->error);
        return RED;
    }
    if (step > failed) {
        (void)snprintf(text, INFO_LINE, "not looked at: see to the check \"%s\" first",
                       steps[failed].name);
        return YELLOW;
    }
    if (step == STEPS - 1 && info->warning[0] != '\0') {
        (void)snprintf(text, INFO_LINE, "%s", info->warning);
        return YELLOW;
    }
    steps[step].describe(info, text);
    return GREEN;
}

void info_print_doctor(const struct info *info, bool json)
{
    static const char *const names[] = {"green", "yellow", "red"};
    char text[INFO_LINE];

    if (json) {
        printf("{\"status\": %d, \"checks\": [", info->status);
    }
    for (size_t i = 0; i < STEPS; i++) {
        enum light light = look(info, i, text);

        if (json) {
            printf("%s{\"name\": \"%s\", \"light\": \"%s\", \"text\": ", i > 0 ? ", " : "",
                   steps[i].name, names[light]);
            info_put_text(text);
            printf("}");
        } else {
            printf("%-6s  %-8s  %s\n", names[light], steps[i].name, text);
        }
    }
    if (json) {
        printf("]}\n");
    }
}
