/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl logs: the journal's lines of a machine, or where the lines go without a journal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/reach.h"
#include "ctl/view.h"

#define PATH_TEXT     512
#define JOURNAL_GROUP "systemd-journal"
#define MACHINE_ID    32

static bool has_journal(const struct ct_options *options)
{
    char path[PATH_TEXT];

    (void)snprintf(path, sizeof(path), "%.400s/run/systemd/journal/socket", options->root);
    return access(path, F_OK) == 0;
}

static bool read_machine_id(const struct ct_options *options, char id[static MACHINE_ID + 1])
{
    char path[PATH_TEXT];
    size_t len = 0;

    (void)snprintf(path, sizeof(path), "%.400s/etc/machine-id", options->root);
    VGPU_CLEANUP_FILE FILE *file = fopen(path, "re");

    if (file != NULL) {
        len = fread(id, 1, MACHINE_ID, file);
    }
    id[len] = '\0';
    return len == MACHINE_ID && strspn(id, "0123456789abcdef") == len;
}

/* Whether the host's journal is there and not for this process: journalctl would then look at other
 * files, find nothing, and call that a success. */
static bool is_forbidden(const struct ct_options *options)
{
    static const char *const folders[] = {"/var/log/journal", "/run/log/journal"};
    char id[MACHINE_ID + 1];
    char path[PATH_TEXT];
    bool forbidden = false;

    if (!read_machine_id(options, id)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(path, sizeof(path), "%.400s%s/%s/system.journal", options->root, folders[i],
                       id);
        if (access(path, R_OK) == 0) {
            return false;
        }
        forbidden = forbidden || errno == EACCES;
    }
    return forbidden;
}

/* Only returns when there is no journalctl. */
static void become_journalctl(const struct ct_options *options)
{
    char match[PATH_TEXT];
    char program[] = "journalctl";
    char follow[] = "--follow";
    char output[] = "--output=json";
    char *argv[5] = {program, match, NULL};
    size_t count = 2;

    (void)snprintf(match, sizeof(match), "VGPU_VM=%s", options->arguments[0]);
    if (options->follow) {
        argv[count++] = follow;
    }
    if (options->json) {
        argv[count++] = output;
    }
    (void)execvp(program, argv);
}

/* Where the standard error of a process goes; "" when that may not be seen. */
static void find_output(uint64_t pid, char out[static PATH_TEXT])
{
    char path[64];
    char target[PATH_TEXT / 4];
    ssize_t len;

    (void)snprintf(path, sizeof(path), "/proc/%u/fd/2", (unsigned int)pid);
    len = readlink(path, target, sizeof(target) - 1);
    target[len > 0 ? len : 0] = '\0';
    (void)ct_escape(out, PATH_TEXT, target);
}

enum ct_status ct_run_logs(const struct ct_options *options)
{
    static struct ct_view view;
    struct ct_error error;
    char output[PATH_TEXT] = "";
    char name[64];
    char cure[256];

    if (is_forbidden(options)) {
        ct_error_set(&error, CT_FAILED, "the host's journal may not be read: %s",
                     ct_reach_group(cure, sizeof(cure), JOURNAL_GROUP));
        return ct_error_report(options, &error);
    }
    if (has_journal(options)) {
        become_journalctl(options);
        ct_error_set(&error, CT_FAILED, "journalctl: %s", strerror(errno));
        return ct_error_report(options, &error);
    }
    if (ct_view_read_broker(&view, options) == 0) {
        find_output(ct_row_number(ct_view_broker(&view), "pid"), output);
    }
    ct_error_set(&error, CT_FAILED,
                 "no journal runs here: the lines of vgpu-broker go to %s; look there for vm=%s",
                 output[0] != '\0' ? output : "its standard error",
                 ct_escape(name, sizeof(name), options->arguments[0]));
    ct_view_free(&view);
    return ct_error_report(options, &error);
}
