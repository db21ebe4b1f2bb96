/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/qemu.h"

#include <ctype.h>
#include <string.h>

#include "hostd/uuid.h"

#define DEVICE "vgpu-cuda"
#define ID_MAX 64

/* The arguments, one after another. */
struct words {
    const char *at;
    const char *end;
};

/* The next argument, or NULL; the last byte of the text is a zero byte. */
static const char *next_word(struct words *words)
{
    const char *word = words->at;

    if (word >= words->end) {
        return NULL;
    }
    words->at += strlen(word) + 1;
    return word;
}

static bool is_option(const char *word, const char *name)
{
    if (word[0] == '-' && word[1] == '-') {
        word++;
    }
    return word[0] == '-' && strcmp(word + 1, name) == 0;
}

/* Copies up to an unpaired comma; a pair is one comma of the value.  Returns what follows. */
static const char *copy_value(const char *at, char *to, size_t cap)
{
    size_t len = 0;

    while (*at != '\0' && (*at != ',' || at[1] == ',')) {
        if (*at == ',') {
            at++;
        }
        if (len + 1 < cap) {
            to[len] = *at;
        }
        len++;
        at++;
    }
    /* What does not fit is no value of ours. */
    to[len < cap ? len : 0] = '\0';
    return *at == ',' ? at + 1 : at;
}

/* The value of `key` in "first,key=value,…"; `key` NULL: the first, which may be without key. */
static bool get_option(const char *text, const char *key, char *to, size_t cap)
{
    size_t len = key != NULL ? strlen(key) : 0;
    char skipped[8];

    for (bool first = true; *text != '\0'; first = false) {
        if (key == NULL) {
            (void)copy_value(text, to, cap);
            return first && strchr(to, '=') == NULL && to[0] != '\0';
        }
        if (strncmp(text, key, len) == 0 && text[len] == '=') {
            (void)copy_value(text + len + 1, to, cap);
            return to[0] != '\0';
        }
        text = copy_value(text, skipped, sizeof(skipped));
    }
    return false;
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* The text of `key` in {"key": "value", …}; no escapes, which no value of interest has. */
static bool get_json(const char *text, const char *key, char *to, size_t cap)
{
    size_t key_len = strlen(key);

    for (const char *at = strchr(text, '"'); at != NULL; at = strchr(at, '"')) {
        const char *value;
        size_t len;

        at++;
        if (strncmp(at, key, key_len) != 0 || at[key_len] != '"') {
            continue;
        }
        value = skip_blanks(at + key_len + 1);
        if (*value != ':') {
            continue;
        }
        value = skip_blanks(value + 1);
        len = *value == '"' ? strcspn(value + 1, "\"\\") : 0;
        if (len == 0 || len >= cap || value[1 + len] != '"') {
            return false;
        }
        memcpy(to, value + 1, len);
        to[len] = '\0';
        return true;
    }
    return false;
}

static bool get(const char *text, const char *key, char *to, size_t cap)
{
    text = skip_blanks(text);
    return *text == '{' ? get_json(text, key, to, cap) : get_option(text, key, to, cap);
}

/* True when it is our device; its chardev in `id`. */
static bool read_device(const char *text, char id[ID_MAX])
{
    char driver[ID_MAX];
    bool ours = get(text, "driver", driver, sizeof(driver)) ||
                (*skip_blanks(text) != '{' && get_option(text, NULL, driver, sizeof(driver)));

    ours = ours && strcmp(driver, DEVICE) == 0;
    if (ours && !get(text, "chardev", id, ID_MAX)) {
        id[0] = '\0';
    }
    return ours;
}

static void read_name(struct hd_qemu *qemu, const char *text)
{
    if (!get_option(text, "guest", qemu->name, sizeof(qemu->name))) {
        (void)get_option(text, NULL, qemu->name, sizeof(qemu->name));
    }
    if (hd_name_check(qemu->name) != NULL) {
        qemu->name[0] = '\0';
    }
}

static void read_uuid(struct hd_qemu *qemu, const char *text)
{
    if (hd_uuid_is_text(text)) {
        for (size_t i = 0; i <= HD_UUID_LEN; i++) {
            qemu->uuid[i] = (char)tolower((unsigned char)text[i]);
        }
    }
}

/* The path of the socket of that chardev. */
static void find_chardev(struct hd_qemu *qemu, struct words words, const char *id)
{
    const char *word;

    while ((word = next_word(&words)) != NULL) {
        char name[ID_MAX];
        const char *value = is_option(word, "chardev") ? next_word(&words) : NULL;

        if (value != NULL && get(value, "id", name, sizeof(name)) && strcmp(name, id) == 0) {
            (void)get(value, "path", qemu->socket, sizeof(qemu->socket));
            return;
        }
    }
}

void hd_qemu_read(struct hd_qemu *qemu, const char *cmdline, size_t len)
{
    struct words all = {cmdline, cmdline + len};
    struct words words = all;
    char id[ID_MAX] = "";
    const char *word;

    if (len == 0 || cmdline[len - 1] != '\0') {
        return;
    }
    while ((word = next_word(&words)) != NULL) {
        const char *value = word[0] == '-' && words.at < words.end ? words.at : "";

        if (is_option(word, "name")) {
            read_name(qemu, value);
        } else if (is_option(word, "uuid")) {
            read_uuid(qemu, value);
        } else if (is_option(word, "device") && !qemu->device) {
            qemu->device = read_device(value, id);
        }
    }
    if (id[0] != '\0') {
        find_chardev(qemu, all, id);
    }
}

bool hd_qemu_is_binary(const char *name)
{
    return strncmp(name, "qemu-system-", 12) == 0 || strcmp(name, "qemu-kvm") == 0 ||
           strcmp(name, "kvm") == 0;
}
