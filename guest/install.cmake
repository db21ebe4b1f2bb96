# SPDX-License-Identifier: Apache-2.0
# cmake --install BUILD --component guest [--prefix PREFIX]: what a guest needs, no more.
# Afterwards, as root: systemd-sysusers, ldconfig, udevadm trigger.
install(TARGETS vgpu-guest-cuda vgpu-guest-nvml COMPONENT guest
    LIBRARY DESTINATION ${VGPU_GUEST_LIBRARY_DIR})
install(TARGETS vgpu-info COMPONENT guest
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/deploy/man/vgpu-info.1 COMPONENT guest
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/man/vgpu-libcuda.7
              ${PROJECT_SOURCE_DIR}/deploy/man/vgpu-nvml.7 COMPONENT guest
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

# Programs that search folders by themselves know the one above ours.  What others installed there
# stays; without its own library a name has no link.
install(CODE "
    set(folder \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}\")
    foreach(name libcuda.so.1 libnvidia-ml.so.1)
        set(link \"\$ENV{DESTDIR}\${folder}/\${name}\")
        set(target \"vgpu/\${name}\")
        set(there)
        if(IS_SYMLINK \"\${link}\")
            file(READ_SYMLINK \"\${link}\" there)
        endif()
        if(NOT EXISTS \"\$ENV{DESTDIR}\${folder}/\${target}\")
            continue()
        elseif(there STREQUAL target)
            message(STATUS \"Up-to-date: \${link}\")
        elseif(there OR EXISTS \"\${link}\")
            message(WARNING \"\${link} is another's and stays: programs that search folders by \"
                \"themselves, such as older versions of Ollama, may take it. Remove the NVIDIA driver's \"
                \"packages from this machine and install again.\")
            continue()
        else()
            message(STATUS \"Installing: \${link}\")
            file(CREATE_LINK \"\${target}\" \"\${link}\" SYMBOLIC)
        endif()
        list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${folder}/\${name}\")
    endforeach()
    if(\"\$ENV{DESTDIR}\" STREQUAL \"\")
        message(STATUS \"Now, as root: systemd-sysusers; ldconfig; udevadm trigger; then vgpu-info\")
    endif()
" COMPONENT guest)
