/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_DEVICE_H
#define VGPU_DEVICE_H

/*
 * The PCI device vgpu-cuda as a guest sees it (docs/specs/device.md): ids, BARs and
 * registers.  Read by the QEMU device, the guest's transport and the tests.
 *
 *   BAR0  32-bit, registers        page 0      registers
 *                                  page 1 + n  doorbell of channel n
 *   BAR1  64-bit, prefetchable     slice n     memory of channel n (proto/channel.h)
 *   BAR4  32-bit                   MSI-X table, a vector for each channel
 *
 * Registers are 4 bytes wide, little-endian, and read and written as 4 aligned bytes.
 */

#define VGPU_DEVICE_PCI_VENDOR 0x1234u
#define VGPU_DEVICE_PCI_DEVICE 0xcda0u
#define VGPU_DEVICE_PCI_CLASS  0x1200u /* processing accelerator; programming interface 0 */

/* Interface of this page: major in the upper half, minor in the lower.  A guest refuses another
 * major; a minor adds registers that read 0 before it. */
#define VGPU_DEVICE_REVISION 0x00010002u
#define VGPU_DEVICE_MAGIC    0x55504756u /* "VGPU" */

/* A Beat whose number has this bit is the broker's: the device sends it back. */
#define VGPU_BEAT_OF_BROKER 0x80000000u

#define VGPU_DEVICE_BAR_REGISTERS 0
#define VGPU_DEVICE_BAR_CHANNELS  1
#define VGPU_DEVICE_BAR_MSIX      4

#define VGPU_DEVICE_PAGE             0x1000u
#define VGPU_DEVICE_CHANNELS_MAX     32u
#define VGPU_DEVICE_CHANNELS_DEFAULT 32u

/* ---- registers, offsets in BAR0 ---- */
#define VGPU_REG_MAGIC         0x000u /* ro: VGPU_DEVICE_MAGIC */
#define VGPU_REG_REVISION      0x004u /* ro: VGPU_DEVICE_REVISION */
#define VGPU_REG_STATUS        0x008u /* ro: VGPU_STATUS_* */
#define VGPU_REG_GENERATION    0x00cu /* ro: counts the times that the link came up */
#define VGPU_REG_CHANNELS      0x010u /* ro: number of channels, 1 to VGPU_DEVICE_CHANNELS_MAX */
#define VGPU_REG_PROTOCOL      0x014u /* ro: the broker's VGPU_PROTOCOL_VERSION, 0 without link */
#define VGPU_REG_CHANNEL_LO    0x018u /* ro: bytes of a channel's slice, low half */
#define VGPU_REG_CHANNEL_HI    0x01cu /* ro: and high half */
#define VGPU_REG_RESETS        0x020u /* ro: device resets since it was made */
#define VGPU_REG_SCRATCH       0x024u /* rw: what was written; 0 at reset */
#define VGPU_REG_BEAT          0x028u /* rw: write asks the broker for a sign of life, read: answers */
#define VGPU_REG_IRQ_STATUS    0x02cu /* rw1c: bit n, channel n has interrupted (INTx) */
#define VGPU_REG_IRQ_ENABLE    0x030u /* rw: bit n, channel n may assert INTx */
#define VGPU_REG_VERSION_TEXT  0x040u /* ro: 32 bytes, the broker's version, padded with 0 */
#define VGPU_VERSION_TEXT_SIZE 32u

/* Registers of channel n, VGPU_CHANNEL_STRIDE bytes each. */
#define VGPU_REG_CHANNEL     0x400u
#define VGPU_CHANNEL_STRIDE  16u
#define VGPU_CHANNEL_STATE   0x0u /* ro: enum vgpu_channel_phase */
#define VGPU_CHANNEL_CONTROL 0x4u /* wo: VGPU_CONTROL_*; reads 0 */
#define VGPU_CHANNEL_RESULT  0x8u /* ro: the CUresult of a refusal, else 0 */
#define VGPU_CHANNEL_EPOCH   0xcu /* ro: counts the opens of this channel */

#define VGPU_STATUS_LINK      0x1u /* the broker has welcomed this device */
#define VGPU_STATUS_CONNECTED 0x2u /* there is a connection to the broker's socket */
#define VGPU_STATUS_REFUSED   0x4u /* the broker has refused this device; RESULT of no channel */

enum vgpu_channel_phase {
    VGPU_CHANNEL_FREE = 0,
    VGPU_CHANNEL_OPENING = 1, /* asked for, the broker has not answered */
    VGPU_CHANNEL_READY = 2,   /* granted: the slice is a channel */
    VGPU_CHANNEL_REFUSED = 3, /* RESULT says why; close it */
    VGPU_CHANNEL_CLOSING = 4, /* closed, the host has not let go */
    VGPU_CHANNEL_LOST = 5,    /* the link went down while it was in use; close it */
};

#define VGPU_CONTROL_OPEN  1u
#define VGPU_CONTROL_CLOSE 2u

/* Offset in BAR0 of channel n's doorbell: any 4-byte write there rings. */
#define VGPU_DEVICE_DOORBELL(n) (VGPU_DEVICE_PAGE * (1u + (n)))
/* Offset in BAR0 of a register of channel n. */
#define VGPU_DEVICE_CHANNEL_REG(n, reg) (VGPU_REG_CHANNEL + VGPU_CHANNEL_STRIDE * (n) + (reg))

#endif
