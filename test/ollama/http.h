/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_OLLAMA_HTTP_H
#define VGPU_TEST_OLLAMA_HTTP_H

/* As much of HTTP as a runner and its server need between themselves, on 127.0.0.1: one request
 * a connection, answers of lines, each sent when it is there. */

#include <stdint.h>
#include <stdio.h>

struct http_request {
    char method[8];
    char path[64];
    char body[256];
};

/* A port that was free a moment ago, as Ollama chooses it; 0: none. */
uint16_t http_free_port(void);

/* Listens; the descriptor, or -1. */
int http_listen(uint16_t port);

/* Takes the next connection with its request.  The stream for the answer, owned by the caller; NULL
 * for one that cannot be read. */
FILE *http_accept(int listener, struct http_request *request);

/* The head of an answer, then any number of lines. */
void http_begin(FILE *to, int status);
void http_line(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sends a request.  The stream of the answer's lines, owned by the caller; NULL: nobody listens, or
 * the status is not 200. */
FILE *http_ask(uint16_t port, const char *method, const char *path, const char *body);

#endif
