/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/page_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 2048u

/* Of a line of /proc/self/maps: "from-to access offset device inode name". */
enum field { FROM, TO, ACCESS, OFFSET, DEVICE, INODE, REST };

struct scan {
    enum field field;
    uint64_t from;
    uint64_t to;
    uint64_t inode;
    char access[4];
    unsigned int access_length;
};

static void begin_line(struct scan *scan)
{
    memset(scan, 0, sizeof(*scan));
}

static void add_hex(uint64_t *value, char c)
{
    *value = *value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void take(struct scan *scan, char c)
{
    if (scan->field < REST && (c == ' ' || (scan->field == FROM && c == '-'))) {
        scan->field++;
    } else if (scan->field == FROM) {
        add_hex(&scan->from, c);
    } else if (scan->field == TO) {
        add_hex(&scan->to, c);
    } else if (scan->field == ACCESS && scan->access_length < sizeof(scan->access)) {
        scan->access[scan->access_length++] = c;
    } else if (scan->field == INODE) {
        scan->inode = scan->inode * 10 + (uint64_t)(c - '0');
    }
}

static bool is_of(const struct scan *scan, uint64_t inode)
{
    return scan->inode == inode && scan->access_length == sizeof(scan->access) &&
           scan->access[1] == 'w' && scan->access[3] == 's';
}

bool gs_page_scan(uint64_t inode, void (*found)(uint64_t from, uint64_t to, void *arg), void *arg)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    char bytes[READ_BYTES];
    struct scan scan;
    ssize_t got;

    if (fd < 0) {
        return false;
    }
    begin_line(&scan);
    while ((got = read(fd, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] != '\n') {
                take(&scan, bytes[i]);
                continue;
            }
            if (is_of(&scan, inode)) {
                found(scan.from, scan.to, arg);
            }
            begin_line(&scan);
        }
    }
    (void)close(fd);
    return got == 0;
}
