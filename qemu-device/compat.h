/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_COMPAT_H
#define VGPU_QEMU_COMPAT_H

/*
 * QEMU's headers, and all that differs between QEMU 4.2 and 11 for this device.  Every
 * source of the device includes this first; none tests a version itself.
 */

#include "qemu/osdep.h"

#define VGPU_QEMU_SINCE(major, minor)                                                              \
    (QEMU_VERSION_MAJOR > (major) ||                                                               \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#include "qapi/error.h"
#include "qapi/qapi-types-misc.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/event_notifier.h"
#include "qemu/host-utils.h"
#include "qemu/main-loop.h"
#include "qemu/memfd.h"
#include "qemu/module.h"
#include "qemu/cutils.h"
#if __has_include("qapi/qapi-commands-control.h") /* since 5.0 */
#include "qapi/qapi-commands-control.h"
#else
#include "qapi/qapi-commands-misc.h"
#endif
#include "hw/pci/pci.h"
#if __has_include("hw/pci/pci_device.h") /* since 8.0 */
#include "hw/pci/pci_device.h"
#endif
#include "hw/pci/msix.h"
#if __has_include("hw/core/qdev-properties.h") /* since 11.0 */
#include "hw/core/qdev-properties.h"
#include "hw/core/qdev-properties-system.h"
#else
#include "hw/qdev-properties.h"
#if __has_include("hw/qdev-properties-system.h") /* since 6.0 */
#include "hw/qdev-properties-system.h"
#endif
#endif
#include "chardev/char.h"
#include "chardev/char-fe.h"
#include "migration/vmstate.h"

/* qemu_get_vm_name() */
#if __has_include("system/system.h") /* since 10.0 */
#include "system/system.h"
#elif __has_include("sysemu/sysemu.h")
#include "sysemu/sysemu.h"
#if !VGPU_QEMU_SINCE(6, 0)
#include "qemu-common.h"
#endif
#endif

#if VGPU_QEMU_SINCE(10, 2)
typedef CharFrontend VgpuChr;
#else
typedef CharBackend VgpuChr;
#endif

#if VGPU_QEMU_SINCE(5, 0)
typedef QEMUChrEvent VgpuChrEvent;
#else
typedef int VgpuChrEvent;
#define device_class_set_props(dc, list) ((dc)->props = (list))
#endif

#if VGPU_QEMU_SINCE(10, 1)
#define VGPU_CLASS_CONST const
#else
#define VGPU_CLASS_CONST
#endif

/* Property lists became constant and lost their end mark. */
#if VGPU_QEMU_SINCE(10, 0)
#define VGPU_PROPERTY_CONST const
#define VGPU_PROPERTY_END
#else
#define VGPU_PROPERTY_CONST
#define VGPU_PROPERTY_END DEFINE_PROP_END_OF_LIST(),
#endif

#if !VGPU_QEMU_SINCE(9, 2)
#define device_class_set_legacy_reset(dc, function) ((dc)->reset = (function))
#endif

/* When a loaded object registers its type: every other type is known by then. */
#if VGPU_QEMU_SINCE(5, 0)
#define VGPU_MODULE_INIT MODULE_INIT_MIGRATION
#else
#define VGPU_MODULE_INIT MODULE_INIT_QOM
#endif

#endif
