# SPDX-License-Identifier: GPL-2.0-or-later
"""
An image as a device of QEMU: a FUSE export of qemu-storage-daemon, with block drivers that log the writes or let them
fail. No code of ours is then between the program and the disk.
"""
import contextlib
import os
import subprocess
import time


def wait_for(condition, what):
    for _ in range(1500):
        if condition():
            return
        time.sleep(0.02)
    raise SystemExit("timeout: %s" % what)


def is_mounted(path):
    with open("/proc/self/mounts", encoding="utf-8") as f:
        return any(line.split()[1] == path for line in f)


@contextlib.contextmanager
def export(image, work, *drivers):
    """The image behind the block drivers, as a file. The last driver's node is the one that is exported."""
    path = os.path.join(os.path.realpath(work), "export")
    with open(path, "wb"):
        pass
    command = ["qemu-storage-daemon", "--blockdev", "driver=file,filename=%s,node-name=disk" % image]
    for driver in drivers:
        command += ["--blockdev", driver]
    command += ["--export", "type=fuse,id=export,node-name=top,mountpoint=%s,writable=on" % path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as daemon:
        try:
            wait_for(lambda: is_mounted(path) or daemon.poll() is not None, "the export does not appear")
            if daemon.poll() is not None:
                raise SystemExit("qemu-storage-daemon: %s" % daemon.stderr.read().decode())
            yield path
        finally:
            daemon.terminate()
            daemon.wait()
            wait_for(lambda: not is_mounted(path), "the export does not go away")


@contextlib.contextmanager
def logged(image, log, work):
    """The same; the driver blklogwrites writes all writes and flushes to the log."""
    with open(log, "wb"):
        pass
    disk = "driver=file,filename=%s,node-name=log" % log
    top = "driver=blklogwrites,node-name=top,file=disk,log=log,log-sector-size=512"
    with export(image, work, disk, top) as path:
        yield path
