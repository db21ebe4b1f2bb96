/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_COMMAND_H
#define CT_COMMAND_H

/* The commands and options of vgpuctl, in two tables: help, completion and the parser are made of
 * them. */

#include <stddef.h>
#include <stdio.h>

#include "ctl/ctl.h"

/* What a shell offers for a command's argument. */
enum ct_offer {
    CT_OFFER_NONE,
    CT_OFFER_VM,
    CT_OFFER_GPU,
    CT_OFFER_POOL,
    CT_OFFER_SHELL,
    CT_OFFER_TARGET
};

struct ct_command {
    const char *name;      /* one or two words: "vm add" */
    const char *arguments; /* as help shows them */
    const char *summary;
    int min; /* arguments behind the name */
    int max;
    enum ct_offer offer;
    enum ct_status (*run)(const struct ct_options *options);
};

struct ct_option {
    const char *name;
    const char *argument; /* what help calls it; NULL: it takes none */
    const char *summary;
};

#define CT_OPTIONS_MAX 16

extern const struct ct_command ct_commands[];
extern const size_t ct_command_count;
extern const struct ct_option ct_option_table[];
extern const size_t ct_option_count;

/* The command that the words begin with, and how many words its name has; NULL for none. */
const struct ct_command *ct_command_find(char **words, int count, int *taken);

/* What --help prints. */
void ct_command_help(FILE *file);

/* The commands themselves, each with a file of its own. */
enum ct_status ct_run_status(const struct ct_options *options);
enum ct_status ct_run_vms(const struct ct_options *options);
enum ct_status ct_run_gpus(const struct ct_options *options);
enum ct_status ct_run_pools(const struct ct_options *options);
enum ct_status ct_run_sessions(const struct ct_options *options);
enum ct_status ct_run_vm_add(const struct ct_options *options);
enum ct_status ct_run_vm_set(const struct ct_options *options);
enum ct_status ct_run_vm_remove(const struct ct_options *options);
enum ct_status ct_run_pool(const struct ct_options *options); /* set and remove */
enum ct_status ct_run_gpu_drain(const struct ct_options *options);
enum ct_status ct_run_gpu_undrain(const struct ct_options *options);
enum ct_status ct_run_top(const struct ct_options *options);
enum ct_status ct_run_logs(const struct ct_options *options);
enum ct_status ct_run_trace(const struct ct_options *options);
enum ct_status ct_run_doctor(const struct ct_options *options);
enum ct_status ct_run_self_test(const struct ct_options *options);
enum ct_status ct_run_completion(const struct ct_options *options);
enum ct_status ct_run_version(const struct ct_options *options);
enum ct_status ct_run_help(const struct ct_options *options);

#endif
