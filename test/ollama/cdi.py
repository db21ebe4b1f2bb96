# SPDX-License-Identifier: Apache-2.0
"""Files of the Container Device Interface: what the specification asks of them, and their edits.

    problems(spec)                  lines, none for a valid file
    script(edits, root, program)    a shell script that runs a program as a container would
"""

import re
import shlex

VENDOR = re.compile(r"[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
CLASS = re.compile(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?")
DEVICE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?")
VERSIONS = ("0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0")
# Every key, whether it must be there, and the version that brought it.
TOP = {"cdiVersion": (True, "0.3.0"), "kind": (True, "0.3.0"), "devices": (True, "0.3.0"),
       "containerEdits": (False, "0.3.0"), "annotations": (False, "0.6.0")}
DEVICE_KEYS = {"name": (True, "0.3.0"), "containerEdits": (True, "0.3.0"),
               "annotations": (False, "0.6.0")}
EDITS = {"env": (False, "0.3.0"), "deviceNodes": (False, "0.3.0"), "mounts": (False, "0.3.0"),
         "hooks": (False, "0.3.0"), "additionalGids": (False, "0.7.0")}
NODE = {"path": (True, "0.3.0"), "type": (False, "0.3.0"), "major": (False, "0.3.0"),
        "minor": (False, "0.3.0"), "fileMode": (False, "0.3.0"), "permissions": (False, "0.3.0"),
        "uid": (False, "0.3.0"), "gid": (False, "0.3.0"), "hostPath": (False, "0.5.0")}
MOUNT = {"hostPath": (True, "0.3.0"), "containerPath": (True, "0.3.0"),
         "options": (False, "0.3.0"), "type": (False, "0.4.0")}


def keys(thing, known, version, where):
    if not isinstance(thing, dict):
        yield f"{where}: no object"
        return
    for key in thing:
        if key not in known:
            yield f"{where}: unknown key {key}"
        elif VERSIONS.index(known[key][1]) > VERSIONS.index(version):
            yield f"{where}: {key} needs version {known[key][1]}"
    for key, (must, _) in known.items():
        if must and key not in thing:
            yield f"{where}: {key} is missing"


def texts(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def mount_problems(mount, version):
    yield from keys(mount, MOUNT, version, "mount")
    for key in ("hostPath", "containerPath"):
        if not str(mount.get(key, "")).startswith("/"):
            yield f"mount: {key} is no absolute path"
    if not texts(mount.get("options", [])):
        yield "mount: options are no list of texts"


def node_problems(node, version):
    yield from keys(node, NODE, version, "deviceNode")
    if set(node.get("permissions", "")) - set("rwm"):
        yield "deviceNode: permissions are not of r, w and m"


def edit_problems(edits, version):
    yield from keys(edits, EDITS, version, "containerEdits")
    if not edits:
        yield "containerEdits: empty"
    if not texts(edits.get("env", [])) or any("=" not in word[1:] for word in edits.get("env", [])):
        yield "env: not NAME=VALUE"
    for mount in edits.get("mounts", []):
        yield from mount_problems(mount, version)
    for node in edits.get("deviceNodes", []):
        yield from node_problems(node, version)


def problems(spec):
    """What is wrong with a file, as lines."""
    version = spec.get("cdiVersion")
    if version not in VERSIONS:
        return [f"unknown version {version}"]
    found = list(keys(spec, TOP, version, "file"))
    vendor, _, kind = str(spec.get("kind", "")).partition("/")
    if not VENDOR.fullmatch(vendor) or not CLASS.fullmatch(kind):
        found.append(f"kind {spec.get('kind')} is not VENDOR/CLASS")
    devices = spec.get("devices", [])
    names = [device.get("name", "") for device in devices]
    if not devices or len(set(names)) != len(names) or not all(map(DEVICE.fullmatch, names)):
        found.append(f"devices: bad names {names}")
    for device in devices:
        found += keys(device, DEVICE_KEYS, version, "device")
        found += edit_problems(device.get("containerEdits", {}), version)
    return found


def mount_lines(mount, root):
    """Shell lines for one mount, its flags by a second step as the kernel wants it."""
    source = shlex.quote(mount["hostPath"])
    target = shlex.quote(f"{root}{mount['containerPath']}")
    flags = [word for word in mount.get("options", [])
             if word in ("ro", "rw", "nosuid", "nodev", "noexec")]
    yield f"mkdir -p $(dirname {target})"
    yield f"if [ -d {source} ]; then mkdir -p {target}; else : >>{target}; fi"
    yield f"mount --bind {source} {target}"
    yield f"mount -o remount,bind,{','.join(flags)} {target}"


def script(edits, root, program):
    """For a shell in a mount namespace of its own: root is a prepared folder."""
    mounts = edits.get("mounts", [])
    lines = ["set -e", f"mkdir -p {root}/proc", f"mount --rbind /proc {root}/proc"]
    if any(mount["containerPath"].startswith("/sys/") for mount in mounts):
        lines += [f"mkdir -p {root}/sys", f"mount -t sysfs -o ro sysfs {root}/sys"]
    for mount in mounts:
        lines += mount_lines(mount, root)
    words = " ".join(shlex.quote(word) for word in edits.get("env", []))
    lines.append(f"exec env -i PATH=/usr/sbin:/usr/bin:/bin {words} chroot {root} {program}")
    return "\n".join(lines) + "\n"
