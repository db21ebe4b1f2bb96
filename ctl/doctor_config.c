/* SPDX-License-Identifier: Apache-2.0 */
/* vgpu.conf: there, nobody else's, and good in the eyes of the programs that read it. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/doctor.h"
#include "ctl/escape.h"

#define CONFIG "/etc/vgpu/vgpu.conf"

/* A reader of the file: the program of this release, or of this build, else the installed one. */
static bool find_reader(const struct ct_host *host, const char *name, char out[static CT_PATH])
{
    char self[CT_PATH / 2] = "";
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *folder;

    self[len > 0 ? len : 0] = '\0';
    folder = dirname(self);
    (void)snprintf(out, CT_PATH, "%s/../sbin/vgpu-%s", folder, name);
    if (access(out, X_OK) == 0) {
        return true;
    }
    (void)snprintf(out, CT_PATH, "%s/../%s/vgpu-%s", folder, name, name);
    if (access(out, X_OK) == 0) {
        return true;
    }
    (void)snprintf(out, CT_PATH, "%.200s/usr/sbin/vgpu-%s", host->options->root, name);
    return access(out, X_OK) == 0;
}

/* What the program said: its first line, without what a log puts before it. */
static const char *first_line(char *text)
{
    char *end = strstr(text, "\\x0a");
    static const char level[] = " error: ";
    static const char what[] = "configuration: ";
    char *said = strstr(text, level);

    if (end != NULL) {
        *end = '\0';
    }
    said = said != NULL ? said + sizeof(level) - 1 : text;
    return strncmp(said, what, sizeof(what) - 1) == 0 ? said + sizeof(what) - 1 : said;
}

static void ask_reader(const struct ct_host *host, const char *name, struct ct_finding *finding)
{
    char program[CT_PATH];
    char config[CT_PATH];
    char text[CT_ERROR_TEXT];
    char cure[128];
    char check[] = "--check-config";
    char file[] = "--config";
    char *argv[] = {program, check, file, config, NULL};
    int status;

    if (!find_reader(host, name, program)) {
        return;
    }
    ct_host_path(host, CONFIG, config);
    status = ct_host_run(argv, text, sizeof(text));
    if (status == 2 && strncmp(text, "usage:", 6) != 0) {
        (void)snprintf(cure, sizeof(cure), "correct it (vgpu.conf(5)), then systemctl restart %s%s",
                       strcmp(name, "executor") == 0 ? "'vgpu-executor@*'" : "vgpu-",
                       strcmp(name, "executor") == 0 ? "" : name);
        ct_find(finding, CT_RED_LIGHT, cure, "%s", first_line(text));
    } else if (status != 0) {
        ct_find(finding, CT_AMBER, "install the same release of all packages",
                "vgpu-%s cannot check it: %.200s", name, first_line(text));
    }
}

void ct_check_config(const struct ct_host *host, struct ct_finding *finding)
{
    static const char *const readers[] = {"broker", "hostd", "executor"};
    struct stat what;
    char driver[CT_PATH];
    char text[256];
    int rc = ct_host_stat(host, CONFIG, &what);

    if (rc == -ENOENT) {
        ct_find(finding, CT_AMBER, "install the package's " CONFIG ", or write one",
                "there is no " CONFIG);
        return;
    }
    if (rc < 0) {
        ct_find(finding, CT_AMBER, "ls -ld /etc/vgpu " CONFIG, CONFIG ": %s", strerror(-rc));
        return;
    }
    if ((what.st_mode & 022) != 0) {
        ct_find(finding, CT_RED_LIGHT, "chmod 0644 " CONFIG,
                CONFIG " can be written by others than its owner");
    }
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        ask_reader(host, readers[i], finding);
    }
    ct_host_driver(host, driver);
    ct_find(finding, CT_GREEN, NULL, CONFIG ", driver %s", ct_escape(text, sizeof(text), driver));
}
