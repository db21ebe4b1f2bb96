# SPDX-License-Identifier: Apache-2.0
# cmake --install BUILD --component guest [--prefix PREFIX]: what a guest needs, no more.
# Afterwards, as root: systemd-sysusers, ldconfig, udevadm trigger.
install(TARGETS vgpu-guest-cuda COMPONENT guest
    LIBRARY DESTINATION ${VGPU_GUEST_LIBRARY_DIR})
install(TARGETS vgpu-info COMPONENT guest
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/deploy/man/vgpu-info.1 COMPONENT guest
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/man/vgpu-libcuda.7 COMPONENT guest
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/udev/70-vgpu.rules COMPONENT guest
    DESTINATION lib/udev/rules.d)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/udev/vgpu-guest.conf COMPONENT guest
    DESTINATION lib/sysusers.d)

# The loader reads /etc only; a prefix of its own keeps to itself.
install(CODE "
    set(folder /etc/ld.so.conf.d)
    if(NOT CMAKE_INSTALL_PREFIX MATCHES \"^/usr(/local)?/?$\")
        set(folder \"\${CMAKE_INSTALL_PREFIX}/etc/ld.so.conf.d\")
    endif()
    set(file \"\$ENV{DESTDIR}\${folder}/vgpu.conf\")
    message(STATUS \"Installing: \${file}\")
    file(WRITE \"\${file}\" \"\${CMAKE_INSTALL_PREFIX}/${VGPU_GUEST_LIBRARY_DIR}\\n\")
    file(CHMOD \"\${file}\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${folder}/vgpu.conf\")
" COMPONENT guest)
