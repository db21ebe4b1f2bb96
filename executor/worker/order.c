/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/order.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "executor/worker/environment.h"
#include "proto/limits.h"

#define HELPERS_MAX 64u

/* Nobody else can change it: its owner is root or this account, and so is who may write. */
static bool is_ours(const struct stat *status)
{
    bool owner = status->st_uid == 0 || status->st_uid == geteuid();
    bool group =
        (status->st_mode & S_IWGRP) == 0 || status->st_gid == 0 || status->st_gid == getegid();
    bool others = (status->st_mode & S_IWOTH) == 0 ||
                  (S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0);

    return owner && group && others;
}

/* The file and every folder on the way to it. */
static bool is_trusted(const char *path)
{
    char part[EX_PATH_MAX];
    struct stat status;
    char *slash;

    (void)snprintf(part, sizeof(part), "%s", path);
    if (stat(part, &status) < 0 || !S_ISREG(status.st_mode) || !is_ours(&status)) {
        return false;
    }
    while ((slash = strrchr(part, '/')) != NULL) {
        slash[slash == part ? 1 : 0] = '\0';
        if (stat(part, &status) < 0 || !S_ISDIR(status.st_mode) || !is_ours(&status)) {
            return false;
        }
        if (slash == part) {
            return true;
        }
    }
    return false;
}

/* With links resolved, so that what is checked is what is loaded. */
static int take_driver(const char *driver, struct ex_options *options)
{
    if (strcmp(driver, "libcuda.so.1") == 0) {
        (void)snprintf(options->driver, sizeof(options->driver), "%s", driver);
        return 0;
    }
    if (driver[0] != '/' || strlen(driver) >= sizeof(options->driver)) {
        return -EINVAL;
    }
    char *real = realpath(driver, NULL);
    bool good = real != NULL && strlen(real) < sizeof(options->driver) && is_trusted(real);

    if (good) {
        (void)snprintf(options->driver, sizeof(options->driver), "%s", real);
    }
    free(real);
    return good ? 0 : -EINVAL;
}

static int take_gpu(const Vgpu__WorkerStart *start, struct ex_options *options)
{
    if (start->uuid.len == EX_UUID_BYTES) {
        ex_gpu_name_set_uuid(&options->gpu, start->uuid.data);
        return 0;
    }
    if (start->uuid.len != 0 || start->gpu > EX_GPU_NUMBER_MAX) {
        return -EINVAL;
    }
    ex_gpu_name_set(&options->gpu, start->gpu);
    return 0;
}

static int take_numbers(const Vgpu__WorkerStart *start, struct ex_options *options)
{
    if (start->helpers < 1 || start->helpers > HELPERS_MAX || start->log_level < VGPU_LOG_ERROR ||
        start->log_level > VGPU_LOG_DEBUG) {
        return -EINVAL;
    }
    options->settings.helpers = start->helpers;
    options->log_level = (enum vgpu_log_level)start->log_level;
    vgpu_log_set_level(options->log_level);
    return 0;
}

static int take_variables(const Vgpu__WorkerStart *start)
{
    if (start->n_environment > VGPU_WORKER_VARIABLES_MAX) {
        return -EINVAL;
    }
    for (size_t i = 0; i < start->n_environment; i++) {
        if (!ex_environment_travels(start->environment[i])) {
            return -EINVAL;
        }
    }
    for (size_t i = 0; i < start->n_environment; i++) {
        char *variable = strdup(start->environment[i]);

        /* The environment keeps it. */
        if (variable == NULL || putenv(variable) != 0) {
            free(variable);
            return -ENOMEM;
        }
    }
    return 0;
}

int ex_order_take(const Vgpu__WorkerStart *start, struct ex_options *options, char *why,
                  size_t why_cap)
{
    const char *what = NULL;

    if (take_gpu(start, options) < 0) {
        what = "the GPU";
    } else if (take_driver(start->driver, options) < 0) {
        what = "the driver (libcuda.so.1, or an absolute path that only root can change)";
    } else if (take_numbers(start, options) < 0) {
        what = "helpers or log level";
    } else if (take_variables(start) < 0) {
        what = "a variable";
    }
    if (what != NULL) {
        (void)snprintf(why, why_cap, "WorkerStart refused: %s", what);
        return -EINVAL;
    }
    options->mode = start->probe ? EX_MODE_PROBE : EX_MODE_WORKER;
    return 0;
}
