/* SPDX-License-Identifier: Apache-2.0 */
/* Loaded into QEMU by the self test: says whether a device could register itself from here. */
#include <dlfcn.h>
#include <stdio.h>

__attribute__((constructor)) static void look(void)
{
    if (dlsym(RTLD_DEFAULT, "pci_register_bar") && dlsym(RTLD_DEFAULT, "register_module_init")) {
        fputs("preload: QEMU exports its device functions\n", stderr);
    }
}
