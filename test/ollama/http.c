/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in here(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int bound(uint16_t port)
{
    struct sockaddr_in address = here(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
                    bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

uint16_t http_free_port(void)
{
    struct sockaddr_in address = here(0);
    socklen_t len = sizeof(address);
    int fd = bound(0);

    if (fd < 0) {
        return 0;
    }
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        address.sin_port = 0;
    }
    (void)close(fd);
    return ntohs(address.sin_port);
}

int http_listen(uint16_t port)
{
    int fd = bound(port);

    if (fd >= 0 && listen(fd, 16) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* The lines of a head; the length of the body that they announce. */
static size_t read_head(FILE *from)
{
    char line[256];
    size_t length = 0;

    while (fgets(line, sizeof(line), from) != NULL && strcmp(line, "\r\n") != 0) {
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            length = strtoul(line + 15, NULL, 10);
        }
    }
    return length;
}

FILE *http_accept(int listener, struct http_request *request)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    FILE *stream = fd >= 0 ? fdopen(fd, "r+") : NULL;
    char line[256];
    size_t length;

    if (stream == NULL) {
        return NULL;
    }
    memset(request, 0, sizeof(*request));
    if (fgets(line, sizeof(line), stream) == NULL ||
        sscanf(line, "%7s %63s", request->method, request->path) != 2) {
        (void)fclose(stream);
        return NULL;
    }
    length = read_head(stream);
    if (length >= sizeof(request->body) || fread(request->body, 1, length, stream) != length) {
        (void)fclose(stream);
        return NULL;
    }
    (void)fseek(stream, 0, SEEK_CUR); /* from reading to writing */
    return stream;
}

void http_begin(FILE *to, int status)
{
    (void)fprintf(
        to, "HTTP/1.1 %d %s\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n",
        status, status == 200 ? "OK" : "Error");
}

void http_line(FILE *to, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vfprintf(to, fmt, args);
    va_end(args);
    (void)fputc('\n', to);
    (void)fflush(to);
}

FILE *http_ask(uint16_t port, const char *method, const char *path, const char *body)
{
    struct sockaddr_in address = here(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *stream = fd >= 0 ? fdopen(fd, "r+") : NULL;
    char line[64] = "";

    if (stream == NULL) {
        return NULL;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        (void)fprintf(stream, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n%s",
                      method, path, strlen(body), body);
        (void)fflush(stream);
        (void)fseek(stream, 0, SEEK_CUR);
        if (fgets(line, sizeof(line), stream) != NULL && strncmp(line, "HTTP/1.1 200", 12) == 0) {
            (void)read_head(stream);
            return stream;
        }
    }
    (void)fclose(stream);
    return NULL;
}
