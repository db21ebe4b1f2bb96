/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpuctl: the operator's tool.  One command a run, nothing stays.
 *
 *   command line ─► table of commands ─┬─ questions ─► control.sock of vgpu-broker ─► rows
 *                                      ├─ questions,
 *                                      │  changes ───► hostd.sock of vgpu-hostd
 *                                      └─ doctor ────► files of this host, too
 *   rows ─► tables for people, or JSON by the fields' own names
 */

#include <stdio.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/self_test.h"

enum ct_status ct_run_version(const struct ct_options *options)
{
    if (options->json) {
        json_t *object = json_object();

        ct_json_text(object, "version", VGPU_VERSION);
        ct_json_print(object);
    } else {
        (void)puts("vgpuctl " VGPU_VERSION);
    }
    return CT_OK;
}

int main(int argc, char **argv)
{
    struct ct_options options;
    struct ct_error error;
    const struct ct_command *command;

    if (argc > 0 && strcmp(argv[0], CT_SELF_TEST_NAME) == 0) {
        return ct_self_test_main(argc, argv);
    }
    command = ct_options_parse(&options, argc, argv, &error);
    if (command == NULL) {
        return (int)ct_error_report(&options, &error);
    }
    return (int)command->run(&options);
}
