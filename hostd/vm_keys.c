/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/vm_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostd/uuid.h"

/* Digits at the start of *text, which is moved behind them. */
static bool read_digits(const char **text, uint64_t *out)
{
    size_t len = strspn(*text, "0123456789");

    if (len == 0 || len > 15) {
        return false;
    }
    *out = strtoull(*text, NULL, 10);
    *text += len;
    return true;
}

static bool read_count(const char *text, uint64_t max, uint64_t *out)
{
    return read_digits(&text, out) && *text == '\0' && *out <= max;
}

/* 0, or a number with its unit, up to `max`. */
static bool read_size(const char *text, uint64_t max, uint64_t *out)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    uint64_t number;

    if (!read_digits(&text, &number)) {
        return false;
    }
    if (number == 0 && *text == '\0') {
        *out = 0;
        return true;
    }
    for (unsigned int i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        unsigned int shift = 10 * (i + 1);

        if (strcmp(text, units[i]) == 0 && number <= max >> shift) {
            *out = number << shift;
            return true;
        }
    }
    return false;
}

static bool set_text(char *to, size_t cap, const char *value)
{
    if (strcmp(value, "none") == 0) {
        value = "";
    } else if (value[0] == '\0' || strlen(value) >= cap) {
        return false;
    }
    (void)snprintf(to, cap, "%s", value);
    return true;
}

static bool set_uuid(struct hd_machine *machine, const char *value)
{
    if (strcmp(value, "none") != 0 && !hd_uuid_is_text(value)) {
        return false;
    }
    (void)set_text(machine->uuid, sizeof(machine->uuid), value);
    for (char *at = machine->uuid; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return true;
}

static bool set_pool(struct hd_machine *machine, const char *value)
{
    return (strcmp(value, "none") == 0 || hd_pool_name_check(value) == NULL) &&
           set_text(machine->pool, sizeof(machine->pool), value);
}

static bool set_socket(struct hd_machine *machine, const char *value)
{
    return set_text(machine->socket, sizeof(machine->socket), value);
}

static bool set_priority(struct hd_machine *machine, const char *value)
{
    uint64_t number;

    if (!read_count(value, HD_PRIORITY_MAX, &number)) {
        return false;
    }
    machine->priority = (uint32_t)number;
    return true;
}

static bool set_sessions(struct hd_machine *machine, const char *value)
{
    uint64_t number;

    if (!read_count(value, HD_SESSIONS_MAX, &number)) {
        return false;
    }
    machine->sessions_max = (uint32_t)number;
    return true;
}

static bool set_quota(struct hd_machine *machine, const char *value)
{
    uint64_t number;

    if (!read_size(value, HD_QUOTA_MAX, &number) || (number != 0 && number < UINT64_C(1) << 20)) {
        return false;
    }
    machine->memory_quota = number;
    return true;
}

/* RATE or RATE/BURST, both read by `read`. */
static bool read_rate(const char *value, bool (*read)(const char *, uint64_t, uint64_t *),
                      uint64_t min, uint64_t max, uint64_t *rate, uint64_t *burst)
{
    const char *slash = strchr(value, '/');
    char first[24];
    uint64_t numbers[2];

    if ((slash != NULL ? (size_t)(slash - value) : strlen(value)) >= sizeof(first)) {
        return false;
    }
    (void)snprintf(first, sizeof(first), "%.*s",
                   slash != NULL ? (int)(slash - value) : (int)strlen(value), value);
    if (!read(first, max, &numbers[0])) {
        return false;
    }
    numbers[1] = numbers[0];
    if (slash != NULL && !read(slash + 1, max, &numbers[1])) {
        return false;
    }
    if ((numbers[0] == 0) != (numbers[1] == 0) || (numbers[0] != 0 && numbers[0] < min) ||
        (numbers[1] != 0 && numbers[1] < min)) {
        return false;
    }
    *rate = numbers[0];
    *burst = numbers[1];
    return true;
}

static bool set_calls(struct hd_machine *machine, const char *value)
{
    return read_rate(value, read_count, 1, HD_CALLS_MAX, &machine->calls_per_s,
                     &machine->calls_burst);
}

static bool set_bytes(struct hd_machine *machine, const char *value)
{
    return read_rate(value, read_size, HD_BYTES_MIN, HD_BYTES_MAX, &machine->bytes_per_s,
                     &machine->bytes_burst);
}

static bool set_starts(struct hd_machine *machine, const char *value)
{
    bool own = strcmp(value, "default") != 0;

    machine->starts_own = own;
    return read_rate(own ? value : "0", read_count, 1, HD_STARTS_MAX, &machine->starts_per_s,
                     &machine->starts_burst);
}

static const struct key {
    const char *name;
    bool (*set)(struct hd_machine *machine, const char *value);
    const char *what;
    const char *allowed;
} keys[] = {
    {"uuid", set_uuid, "uuid", "8-4-4-4-12 hexadecimal digits, none for none"},
    {"pool", set_pool, "name of a pool", "1 to 32 bytes of A-Z a-z 0-9 . _ -, none for none"},
    {"priority", set_priority, "priority", "a number from 0 to 100"},
    {"quota", set_quota, "size", "a number with MiB, GiB or TiB, up to 16TiB, 0 for none"},
    {"calls", set_calls, "rate",
     "calls a second or calls a second/burst, 1 to 1000000000 each, 0 for none"},
    {"bytes", set_bytes, "rate",
     "a size a second or size/burst with KiB, MiB or GiB, 64KiB to 1TiB each, 0 for none"},
    {"starts", set_starts, "rate",
     "worker starts a second or starts a second/burst, 1 to 1000000 each, 0 for no limit, default "
     "for the default class's"},
    {"sessions", set_sessions, "number of sessions", "a number from 1 to 4096, 0 for none"},
    {"socket", set_socket, "path for a socket",
     "an absolute path of at most 107 bytes, none for the usual one"},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static const struct key *find_key(const char *assign)
{
    size_t len = strcspn(assign, "=");

    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i].name) == len && strncmp(keys[i].name, assign, len) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static int apply_one(struct hd_machine *machine, const char *assign, unsigned int *seen, char *why,
                     size_t cap)
{
    const char *equals = strchr(assign, '=');
    const struct key *key = find_key(assign);

    if (equals == NULL) {
        (void)snprintf(why, cap, "'%.100s': wanted key=value", assign);
        return -EINVAL;
    }
    if (key == NULL) {
        (void)snprintf(why, cap,
                       "'%.*s' is no key; allowed: uuid, pool, priority, quota, calls, bytes, "
                       "starts, sessions, socket",
                       (int)(equals - assign > 60 ? 60 : equals - assign), assign);
        return -EINVAL;
    }
    if ((*seen & 1u << (key - keys)) != 0) {
        (void)snprintf(why, cap, "%s: given twice", key->name);
        return -EINVAL;
    }
    *seen |= 1u << (key - keys);
    if (!key->set(machine, equals + 1)) {
        (void)snprintf(why, cap, "%s: '%.100s' is no %s; allowed: %s", key->name, equals + 1,
                       key->what, key->allowed);
        return -EINVAL;
    }
    return 0;
}

int hd_vm_keys_apply(struct hd_machine *machine, char *const *assigns, size_t count, char *why,
                     size_t cap)
{
    struct hd_machine changed = *machine;
    unsigned int seen = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = apply_one(&changed, assigns[i], &seen, why, cap);
    }
    if (rc == 0) {
        rc = hd_machine_check(&changed, why, cap);
    }
    if (rc == 0) {
        *machine = changed;
    }
    return rc;
}
