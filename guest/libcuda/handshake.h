/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_HANDSHAKE_H
#define GS_HANDSHAKE_H

/*
 * What NVIDIA's runtime (11.2 and later) asks the driver before it serves its first call: a
 * digest, made with a fixed key, of the driver's and the process's facts.  A program's own
 * runtime runs over this library only with the right answer.  Every input is the guest's own, so
 * the host's driver could not be asked.
 *
 * Built with -DVGPU_CUDART_HANDSHAKE=ON (the default) only.
 */

#include <stddef.h>
#include <stdint.h>

/* MD2 (RFC 1319) and HMAC (RFC 2104) over it. */
#define GS_MD2_BYTES 16u
void gs_md2(const void *text, size_t len, uint8_t digest[GS_MD2_BYTES]);
void gs_hmac_md2(const uint8_t key[GS_MD2_BYTES], const void *text, size_t len,
                 uint8_t digest[GS_MD2_BYTES]);

#endif
