/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-info: what this machine has of vgpu, and what is missing.
 *
 *   device's registers ──► a channel of its own ──► libcuda.so.1
 *   ids, link, users       cache type, speed        GPUs, calls
 *
 * Each step needs the one before it; the first that fails is the error, with cause and
 * cure in one line and an exit status of its own.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/tools/info.h"

static const char usage[] =
    "usage: vgpu-info [--doctor] [--json] | [--cdi] [--help] [--version]\n"
    "\n"
    "Shows the vgpu device of this machine, its link to the host, the speed of its\n"
    "memory, and the GPUs behind it.\n"
    "\n"
    "  --doctor   print each step with a light: green, yellow or red with its cure\n"
    "  --json     print one JSON object\n"
    "  --cdi      print the file by which containers get the GPU (/etc/cdi/vgpu.json)\n"
    "  --help     print this text\n"
    "  --version  print the version\n";

void info_fail(struct info *info, int status, const char *text)
{
    info->status = status;
    (void)snprintf(info->error, sizeof(info->error), "%s", text);
}

void info_clean(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            *text = '?';
        }
    }
}

static void find_out(struct info *info)
{
    info->transport = gs_transport_choose();
    if (info->transport == &gs_transport_device) {
        info_read_device(info);
    }
    if (info->status == 0) {
        info_measure_window(info);
    }
    if (info->status == 0) {
        info_ask_library(info);
    }
}

enum form { FORM_TEXT, FORM_JSON, FORM_CDI, FORM_DOCTOR, FORM_DOCTOR_JSON };

static bool parse(int argc, char **argv, enum form *form)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            *form = *form == FORM_DOCTOR ? FORM_DOCTOR_JSON : FORM_JSON;
        } else if (strcmp(argv[i], "--doctor") == 0) {
            *form = *form == FORM_JSON ? FORM_DOCTOR_JSON : FORM_DOCTOR;
        } else if (strcmp(argv[i], "--cdi") == 0) {
            *form = FORM_CDI;
        } else if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            exit(0);
        } else if (strcmp(argv[i], "--version") == 0) {
            (void)puts("vgpu-info " VGPU_VERSION);
            exit(0);
        } else {
            (void)fprintf(stderr, "vgpu-info: unknown argument '%s': see vgpu-info --help\n",
                          argv[i]);
            return false;
        }
    }
    return true;
}

static void show(struct info *info, enum form form)
{
    if (form == FORM_CDI) {
        info->transport = gs_transport_choose();
        info_print_cdi(info);
        return;
    }
    find_out(info);
    if (form == FORM_DOCTOR || form == FORM_DOCTOR_JSON) {
        info_print_doctor(info, form == FORM_DOCTOR_JSON);
    } else if (form == FORM_JSON) {
        info_print_json(info);
    } else {
        info_print_text(info);
    }
}

int main(int argc, char **argv)
{
    static struct info info;
    enum form form = FORM_TEXT;

    if (!parse(argc, argv, &form)) {
        return INFO_USAGE;
    }
    show(&info, form);
    (void)fflush(stdout);
    if (form == FORM_DOCTOR || form == FORM_DOCTOR_JSON) {
        return info.status;
    }
    if (info.warning[0] != '\0') {
        (void)fprintf(stderr, "vgpu-info: %s\n", info.warning);
    }
    if (info.status != 0) {
        (void)fprintf(stderr, "vgpu-info: %s\n", info.error);
    }
    return info.status;
}
