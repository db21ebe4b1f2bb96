/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hostd/uuid.h"

static const char name_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

const char *hd_name_check(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > HD_NAME_MAX || strspn(name, name_bytes) != len) {
        return "a name has 1 to 64 bytes of A-Z a-z 0-9 . _ -";
    }
    return NULL;
}

const char *hd_pool_name_check(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > HD_POOL_MAX || strspn(name, name_bytes) != len ||
        strcmp(name, "none") == 0) {
        return "a pool's name has 1 to 32 bytes of A-Z a-z 0-9 . _ -, and is not none";
    }
    return NULL;
}

/* A number of the row and its bounds; 0 is always allowed. */
struct bound {
    const char *key;
    uint64_t value;
    uint64_t min;
    uint64_t max;
};

static int check_number(const struct bound *bound, char *why, size_t cap)
{
    if (bound->value == 0 || (bound->value >= bound->min && bound->value <= bound->max)) {
        return 0;
    }
    (void)snprintf(why, cap, "%s: %llu is out of range; allowed: %llu to %llu, 0 for none",
                   bound->key, (unsigned long long)bound->value, (unsigned long long)bound->min,
                   (unsigned long long)bound->max);
    return -EINVAL;
}

static int check_numbers(const struct hd_machine *m, char *why, size_t cap)
{
    const struct bound bounds[] = {
        {"priority", m->priority, 1, HD_PRIORITY_MAX},
        {"sessions", m->sessions_max, 1, HD_SESSIONS_MAX},
        {"quota", m->memory_quota, UINT64_C(1) << 20, HD_QUOTA_MAX},
        {"calls", m->calls_per_s, 1, HD_CALLS_MAX},
        {"calls (burst)", m->calls_burst, 1, HD_CALLS_MAX},
        {"bytes", m->bytes_per_s, HD_BYTES_MIN, HD_BYTES_MAX},
        {"bytes (burst)", m->bytes_burst, HD_BYTES_MIN, HD_BYTES_MAX},
        {"starts", m->starts_per_s, 1, HD_STARTS_MAX},
        {"starts (burst)", m->starts_burst, 1, HD_STARTS_MAX},
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        rc = check_number(&bounds[i], why, cap);
    }
    if (rc == 0 && ((m->calls_per_s == 0) != (m->calls_burst == 0) ||
                    (m->bytes_per_s == 0) != (m->bytes_burst == 0) ||
                    (m->starts_per_s == 0) != (m->starts_burst == 0))) {
        (void)snprintf(why, cap, "calls, bytes, starts: rate and burst are both 0 or neither is");
        rc = -EINVAL;
    }
    if (rc == 0 && !m->starts_own && m->starts_per_s != 0) {
        (void)snprintf(why, cap, "starts: they are the default class's, and a number is given");
        rc = -EINVAL;
    }
    return rc;
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* Absolute, printable, and without a component that leads elsewhere. */
static bool is_socket_path(const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (*at < 0x21 || *at > 0x7e) {
            return false;
        }
    }
    return path[0] == '/' && !ends_in(path, "/") && !ends_in(path, "/.") && !ends_in(path, "/..") &&
           strstr(path, "//") == NULL && strstr(path, "/../") == NULL &&
           strstr(path, "/./") == NULL;
}

int hd_machine_check(const struct hd_machine *machine, char *why, size_t cap)
{
    const char *wrong = hd_name_check(machine->name);

    if (wrong != NULL) {
        (void)snprintf(why, cap, "name \"%s\": %s", machine->name, wrong);
        return -EINVAL;
    }
    if (machine->pool[0] != '\0' && (wrong = hd_pool_name_check(machine->pool)) != NULL) {
        (void)snprintf(why, cap, "pool: \"%s\": %s", machine->pool, wrong);
        return -EINVAL;
    }
    if (machine->uuid[0] != '\0' && !hd_uuid_is_text(machine->uuid)) {
        (void)snprintf(why, cap, "uuid: '%s' is no uuid; allowed: 8-4-4-4-12 hexadecimal digits",
                       machine->uuid);
        return -EINVAL;
    }
    if (machine->socket[0] != '\0' && !is_socket_path(machine->socket)) {
        (void)snprintf(why, cap,
                       "socket: '%s' is no path for a socket; allowed: an absolute path of at most "
                       "%d printable bytes without . and ..",
                       machine->socket, HD_PATH_MAX);
        return -EINVAL;
    }
    return check_numbers(machine, why, cap);
}
