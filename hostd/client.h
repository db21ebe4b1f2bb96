/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_CLIENT_H
#define HD_CLIENT_H

/* One connection to vgpu-hostd's socket. */

#include <stdint.h>
#include <sys/types.h>

struct hd_hostd;
struct hd_client;

/* Takes `fd`.  NULL without memory, and fd is closed. */
struct hd_client *hd_client_new(struct hd_hostd *hostd, uint64_t number, int fd, uid_t uid,
                                pid_t pid);

/* Its number: no other client of this process has or had it. */
uint64_t hd_client_number(const struct hd_client *client);

/* Sends CtlEnd, and takes the client's next question. */
void hd_client_answer(struct hd_client *client, uint32_t id, int error, const char *text);

/* Closes the connection; hd_server_drop() does so. */
void hd_client_free(struct hd_client *client);

#endif
