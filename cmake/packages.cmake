# SPDX-License-Identifier: Apache-2.0
# The Debian packages, one for each install component (deploy/deb/build, "./dev package").
set(VGPU_PACKAGE_MAINTAINER "vgpu maintainers <maintainers@vgpu.example>" CACHE STRING
    "Field Maintainer of the packages: who builds and gives them away")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vgpu)
set(CPACK_PACKAGE_CONTACT ${VGPU_PACKAGE_MAINTAINER})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# Below what Debian itself would give out.
set(CPACK_DEBIAN_PACKAGE_RELEASE 0vgpu1)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Some rules install to /etc, so there is a folder above the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/deploy/deb/stage.cmake)
set(VGPU_DEB_FOLDER ${PROJECT_SOURCE_DIR}/deploy/deb)
set(CPACK_VGPU_DEB_FOLDER ${VGPU_DEB_FOLDER})

set(same "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(systemd "systemd | systemd-standalone-sysusers | systemd-sysusers")
string(APPEND systemd ", systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")

# vgpu_package(COMPONENT NAME SECTION TEXT [CONTROL file...] [FIELD value]...)
# TEXT is the description, its first line the short one.
function(vgpu_package component name section text)
    set(fields DEPENDS RECOMMENDS SUGGESTS CONFLICTS PROVIDES REPLACES)
    cmake_parse_arguments(P "" "${fields}" "CONTROL" ${ARGN})
    string(TOUPPER ${component} upper)
    set(prefix CPACK_DEBIAN_${upper}_PACKAGE)
    set(${prefix}_NAME ${name} PARENT_SCOPE)
    set(${prefix}_SECTION ${section} PARENT_SCOPE)
    set(CPACK_COMPONENT_${upper}_DESCRIPTION ${text} PARENT_SCOPE)
    foreach(field ${fields})
        if(P_${field})
            set(${prefix}_${field} ${P_${field}} PARENT_SCOPE)
        endif()
    endforeach()
    list(TRANSFORM P_CONTROL PREPEND ${VGPU_DEB_FOLDER}/${component}/)
    set(${prefix}_CONTROL_EXTRA ${P_CONTROL} PARENT_SCOPE)
    set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
endfunction()

vgpu_package(broker vgpu-broker admin
"GPUs for virtual machines: broker and host daemon
vgpu lets virtual machines use the NVIDIA GPUs of their host, without
passthrough. vgpu-broker takes the CUDA calls of virtual machines from shared
memory and passes them to confined workers; it has no privileges. vgpu-hostd
makes the sockets of the machines and keeps their registry.
.
This package also brings the accounts, the configuration and vgpu.target."
    DEPENDS "${systemd}, procps" RECOMMENDS "vgpu-executor, vgpuctl"
    CONTROL postinst prerm postrm conffiles)

vgpu_package(executor vgpu-executor admin
"GPUs for virtual machines: supervisors and workers
vgpu-executor supervises one NVIDIA GPU of a vgpu host. For each guest process
it obtains a worker, confined by seccomp and systemd, that calls NVIDIA's
driver, release 550 or later. Without a GPU the simulator of vgpu-sim serves."
    DEPENDS "vgpu-broker ${same}" SUGGESTS "libcuda1, nvidia-driver, vgpu-sim"
    CONTROL postinst prerm postrm)

vgpu_package(ctl vgpuctl admin
"GPUs for virtual machines: the operator's tool
vgpuctl shows and changes what a vgpu host does: its machines, GPUs, quotas and
sessions. 'vgpuctl doctor' walks through a host and names the cure of what is
wrong. It needs only the group vgpu."
    DEPENDS "vgpu-libs ${same}" RECOMMENDS "vgpu-broker")

vgpu_package(libs vgpu-libs libs
"GPUs for virtual machines: the libraries that programs load
The libcuda.so.1 and libnvidia-ml.so.1 of vgpu, in a folder of their own where
no program looks by itself: for the self-test of a host, and to be mounted into
containers. vgpu-guest makes them the libraries of a virtual machine.")

vgpu_package(qemu vgpu-qemu-device misc
"GPUs for virtual machines: the device for QEMU
vgpu-qemu runs the QEMU of the distribution, unchanged, with the PCI device
vgpu-cuda. 'vgpu-qemu --check' tells whether the device fits that QEMU."
    RECOMMENDS "qemu-system-x86")

vgpu_package(sim vgpu-sim admin
"GPUs for virtual machines: a driver without a GPU
The simulator is a driver library that interprets PTX on the processor. With
'driver = sim' in /etc/vgpu/vgpu.conf a host without a GPU runs vgpu and CUDA
programs, slowly."
    RECOMMENDS "vgpu-executor")

set(theirs "libcuda1, libcuda.so.1, libnvidia-ml1, libnvidia-ml.so.1")
vgpu_package(guest vgpu-guest admin
"GPUs for virtual machines: the guest's side
For a virtual machine with the device vgpu-cuda: its libcuda.so.1 and
libnvidia-ml.so.1, the udev rule that lets the group vgpu use the device, and
vgpu-info, which says what works and what is missing.
.
It takes the place of NVIDIA's driver, which has no GPU in such a machine."
    DEPENDS "vgpu-libs ${same}, systemd | systemd-standalone-sysusers | systemd-sysusers" RECOMMENDS "udev"
    CONFLICTS "${theirs}, libnvidia-compute, vgpu-executor" REPLACES "${theirs}" PROVIDES "${theirs}"
    CONTROL postinst prerm conffiles triggers)

vgpu_package(host vgpu-host metapackages
"GPUs for virtual machines: everything for a host
This package depends on all that a host needs to lend its NVIDIA GPUs to its
virtual machines: broker, executor, the device for QEMU and vgpuctl."
    DEPENDS "vgpu-broker ${same}, vgpu-executor ${same}, vgpuctl ${same}, vgpu-qemu-device ${same}")
set(CPACK_DEBIAN_HOST_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_HOST_PACKAGE_SHLIBDEPS OFF)

# The device is for QEMUs whose source was there; without any there is no such package.
if(VGPU_QEMU_SOURCES STREQUAL "")
    list(REMOVE_ITEM CPACK_COMPONENTS_ALL qemu host)
endif()
include(CPack)
