/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <string.h>

#include "proto/limits.h"

const struct ct_command ct_commands[] = {
    {"status", "", "versions, state and totals of everything", 0, 0, CT_OFFER_NONE, ct_run_status},
    {"vms", "[VM]", "the machines", 0, 1, CT_OFFER_VM, ct_run_vms},
    {"gpus", "", "the GPUs", 0, 0, CT_OFFER_NONE, ct_run_gpus},
    {"sessions", "[VM]", "the guest processes, of all machines or of one", 0, 1, CT_OFFER_VM,
     ct_run_sessions},
    {"pools", "", "the pools of GPUs", 0, 0, CT_OFFER_NONE, ct_run_pools},
    {"vm add", "NAME [KEY=VALUE]...", "adds a machine", 1, 1 + VGPU_CTL_ASSIGNS_MAX, CT_OFFER_NONE,
     ct_run_vm_add},
    {"vm set", "NAME KEY=VALUE...", "changes a machine, also while it runs", 2,
     1 + VGPU_CTL_ASSIGNS_MAX, CT_OFFER_VM, ct_run_vm_set},
    {"vm remove", "NAME", "removes a machine and ends its sessions", 1, 1, CT_OFFER_VM,
     ct_run_vm_remove},
    {"pool set", "NAME GPU...", "makes or changes a pool of GPUs", 2, 1 + VGPU_DEVICES_MAX,
     CT_OFFER_POOL, ct_run_pool},
    {"pool remove", "NAME", "removes a pool", 1, 1, CT_OFFER_POOL, ct_run_pool},
    {"gpu drain", "GPU", "gives the GPU no new sessions", 1, 1, CT_OFFER_GPU, ct_run_gpu_drain},
    {"gpu undrain", "GPU", "uses it again", 1, 1, CT_OFFER_GPU, ct_run_gpu_undrain},
    {"top", "", "who uses the GPUs now; q ends it", 0, 0, CT_OFFER_NONE, ct_run_top},
    {"logs", "VM", "the journal's lines of a machine", 1, 1, CT_OFFER_VM, ct_run_logs},
    {"trace", "VM", "the calls of a machine, as they are taken", 1, 1, CT_OFFER_VM, ct_run_trace},
    {"doctor", "", "checks everything: green, yellow or red, with cures", 0, 0, CT_OFFER_NONE,
     ct_run_doctor},
    {"self-test", "[local|VM]", "goes a program's way, and shows each hop with its time", 0, 1,
     CT_OFFER_TARGET, ct_run_self_test},
    {"completion", "bash|zsh", "prints the completion of a shell", 1, 1, CT_OFFER_SHELL,
     ct_run_completion},
    {"version", "", "the version of this program", 0, 0, CT_OFFER_NONE, ct_run_version},
    {"help", "", "this text", 0, 0, CT_OFFER_NONE, ct_run_help},
};
const size_t ct_command_count = sizeof(ct_commands) / sizeof(ct_commands[0]);

const struct ct_option ct_option_table[] = {
    {"control", "PATH", "vgpu-broker's control socket (" CT_CONTROL_PATH ")"},
    {"hostd", "PATH", "vgpu-hostd's control socket (" CT_HOSTD_PATH ")"},
    {"socket", "PATH", "vgpu-broker's socket for guests (" CT_BROKER_PATH ")"},
    {"library", "FOLDER", "folder of the guest's libcuda.so.1 (self-test)"},
    {"once", NULL, "top: one look, not a picture that changes"},
    {"interval", "SECONDS", "top: time between looks, 0.1 to 3600 (1)"},
    {"count", "N", "trace: ends after so many calls"},
    {"follow", NULL, "logs: goes on with new lines"},
    {"root", "PREFIX", "doctor looks at the files below this folder"},
    {"json", NULL, "print JSON; figures are raw: bytes, milliseconds"},
    {"help", NULL, "print this text"},
    {"version", NULL, "print the version"},
};
const size_t ct_option_count = sizeof(ct_option_table) / sizeof(ct_option_table[0]);

/* How many words of `name` the words are; 0: not this one. */
static int match(const char *name, char **words, int count)
{
    const char *space = strchr(name, ' ');
    size_t first = space != NULL ? (size_t)(space - name) : strlen(name);

    if (count < 1 || strlen(words[0]) != first || strncmp(words[0], name, first) != 0) {
        return 0;
    }
    if (space == NULL) {
        return 1;
    }
    return count > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

const struct ct_command *ct_command_find(char **words, int count, int *taken)
{
    for (size_t i = 0; i < ct_command_count; i++) {
        *taken = match(ct_commands[i].name, words, count);
        if (*taken > 0) {
            return &ct_commands[i];
        }
    }
    return NULL;
}

static void help_line(FILE *file, const char *left, const char *name, const char *argument,
                      const char *summary, int width)
{
    char head[128];

    (void)snprintf(head, sizeof(head), "%s%s%s%s", left, name, argument[0] != '\0' ? " " : "",
                   argument);
    (void)fprintf(file, "  %-*s  %s\n", width, head, summary);
}

void ct_command_help(FILE *file)
{
    (void)fputs("usage: vgpuctl [OPTION]... COMMAND [ARGUMENT]...\n"
                "\n"
                "Shows and changes what vgpu-broker and vgpu-hostd do on this host.\n"
                "\n",
                file);
    for (size_t i = 0; i < ct_command_count; i++) {
        help_line(file, "", ct_commands[i].name, ct_commands[i].arguments, ct_commands[i].summary,
                  28);
    }
    (void)fputs("\n", file);
    for (size_t i = 0; i < ct_option_count; i++) {
        const char *argument = ct_option_table[i].argument;

        help_line(file, "--", ct_option_table[i].name, argument != NULL ? argument : "",
                  ct_option_table[i].summary, 18);
    }
    (void)fputs("\nExit status: 0 done, 1 refused or failed, 2 bad arguments, 3 vgpu-broker cannot "
                "be\nreached, 4 vgpu-hostd cannot be reached; of doctor: 5 yellow, 6 red.\n",
                file);
}

enum ct_status ct_run_help(const struct ct_options *options)
{
    (void)options;
    ct_command_help(stdout);
    return CT_OK;
}
