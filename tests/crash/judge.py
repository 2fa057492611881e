# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a device holds: probes of the superblocks that share nothing with fsconvert, and the two judgements "the ext file
system is whole" and "the btrfs is whole". Contents are compared with images that the kernel, e2fsck and btrfs check
have judged; a choice of the states is given to them as well.
"""
import contextlib
import hashlib
import os
import struct
import subprocess
import sys

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
sys.path.insert(0, LIB)
# pylint: disable=wrong-import-position
import usedblocks  # noqa: E402

KIB, MIB = 1 << 10, 1 << 20
MIRRORS = (64 * MIB, 256 << 30)
RECORD = b"fsconvert record"


class Image:
    """A file, read and written at offsets. Reads do not fill holes."""

    def __init__(self, path):
        self.path = path
        self.fd = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.fd).st_size

    def read(self, offset, length):
        return os.pread(self.fd, length, offset)

    def write(self, pieces):
        for offset, data in pieces:
            done = 0
            while done < len(data):
                done += os.pwrite(self.fd, data[done:], offset + done)


class Probe:
    """What the superblocks say."""

    def __init__(self, image):
        ext = image.read(1024, 1024)
        btrfs = image.read(64 * KIB, 4096)
        self.ext = ext[0x38:0x3A] == b"\x53\xef"
        self.btrfs = btrfs[0x40:0x48] == b"_BHRfS_M"
        self.ext_bit = self.ext and bool(struct.unpack_from("<I", ext, 0x60)[0] & 0x40000000)
        self.stale = self.ext and not self.ext_bit and ext[0x3D0:0x3D8] == b"fscnvrt1"
        self.btrfs_bit = self.btrfs and bool(struct.unpack_from("<Q", btrfs, 0xBC)[0] >> 62 & 1)
        if self.ext and not self.ext_bit:
            # then B' has gone already; the block may hold anything
            self.btrfs_bit = False
        self.armed = self.ext_bit or self.btrfs_bit or self.stale
        self.record = None
        if self.ext_bit:
            self.record = struct.unpack_from("<Q", ext, 0x88 + 8)[0]
        elif self.btrfs_bit:
            self.record = struct.unpack_from("<Q", btrfs, 0xAC)[0]


def homes(image, record):
    """The ranges that a switch may write."""
    found = [(0, MIB)]
    found += [(at, at + 64 * KIB) for at in MIRRORS if at + 64 * KIB <= image.size]
    if record is not None:
        found.append((record, record + 64 * KIB))
    return found


def record_in(epochs):
    """Address of the journal record that a log writes."""
    for writes in epochs:
        for offset, data in writes:
            at = data.find(RECORD)
            if at >= 32:
                return struct.unpack_from("<Q", data, at + 0x18)[0]
    return None


def record_of(epochs, base):
    """The same, or where the superblocks of a device say that it is."""
    found = record_in(epochs)
    return Probe(base).record if found is None else found


def intersect(one, other):
    for start, end in one:
        for first, last in other:
            if max(start, first) < min(end, last):
                yield max(start, first), min(end, last)


def subtract(ranges, holes):
    holes = usedblocks.normalised(holes)
    for piece in ranges:
        yield from usedblocks.subtract(piece, holes)


class Whole:
    """Some ranges of an image that must be as they are in a reference."""

    def __init__(self, reference, ranges, switched):
        self.reference = Image(reference)
        self.ranges = usedblocks.normalised(ranges)
        self.quick = [(start, self.reference.read(start, end - start))
                      for start, end in intersect(self.ranges, switched)]

    def difference(self, image, full):
        """None, or the offset of a byte that differs."""
        for start, data in self.quick:
            now = image.read(start, len(data))
            if now != data:
                return start + next((i for i, (x, y) in enumerate(zip(now, data)) if x != y), len(now))
        for start, end in self.ranges if full else []:
            at = usedblocks.first_difference(image.fd, self.reference.fd, start, end, 0)
            if at is not None:
                return at
        return None


class Old(Whole):
    """The ext file system: every used byte of the source."""

    def __init__(self, source, unwritten, switched):
        layout = usedblocks.Layout(source)
        unused = layout.in_bytes(layout.free + layout.never_written) + usedblocks.read_ranges(unwritten)
        whole = [(0, layout.blocks * layout.block_size)]
        super().__init__(source, subtract(whole, unused), switched)


class New(Whole):
    """The btrfs: all that was written, but what lies beside the superblock below 1 MiB, and the record."""

    def __init__(self, result, written, switched, record):
        free = [(1024, 64 * KIB), (68 * KIB, MIB)] + [(at + 4096, at + 64 * KIB) for at in MIRRORS]
        if record is not None:
            free.append((record, record + 64 * KIB))
        ranges = list(switched) + written
        super().__init__(result, subtract(usedblocks.normalised(ranges), free), switched)


def run(*command, timeout=300, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=timeout, check=False, text=True, errors="replace", **options)


@contextlib.contextmanager
def loop_device(path):
    loop = run("losetup", "--find", "--show", "--read-only", path)
    if loop.returncode:
        raise RuntimeError(loop.stdout)
    try:
        yield loop.stdout.strip()
    finally:
        run("losetup", "-d", loop.stdout.strip())


def mountable(device, kind, mountpoint):
    options = "ro,noload" if kind == "ext4" else "ro"
    if run("mount", "-t", kind, "-o", options, device, mountpoint).returncode:
        return False
    run("umount", mountpoint)
    return True


def manifest(path, kind, mountpoint):
    """What the kernel shows of the files; None when it does not mount the image."""
    with loop_device(path) as device:
        options = "ro,noload" if kind == "ext4" else "ro"
        if run("mount", "-t", kind, "-o", options, device, mountpoint).returncode:
            return None
        text = run(sys.executable, os.path.join(LIB, "manifest.py"), "--prealloc", "--exclude", "ext2_saved",
                   mountpoint)
        run("umount", mountpoint)
    return text.stdout if text.returncode == 0 else None


def e2fsck_report(path):
    """What a forced, read-only check says of the image, without its name, and its status."""
    check = run("e2fsck", "-fn", path)
    return "%s\nstatus %d" % (check.stdout.replace(path, "IMAGE"), check.returncode)


class Kernel:
    """The judges that are not ours. One content of the homes is judged once, and so many of a kind."""

    def __init__(self, mountpoint, limit):
        self.mountpoint = mountpoint
        self.limit = limit
        self.seen = {}
        self.judged = 0
        self.wanted = {}
        self.report = None

    def learn(self, kind, path, unmountable=False):
        """The image of that kind is the one that others must equal; it must be sound itself."""
        self.wanted[kind] = manifest(path, kind, self.mountpoint)
        if unmountable and self.wanted[kind] is None:
            del self.wanted[kind]
        if kind == "ext4":
            self.report = e2fsck_report(path)
        return self.wanted.get(kind, "") is not None and self.complaint(kind, path) is None

    def wants(self, kind, contents):
        """Shall the state with these contents of the homes be judged?"""
        digest = hashlib.blake2b(b"".join(contents)).digest()
        seen = self.seen.setdefault(kind, set())
        if digest in seen or len(seen) >= self.limit:
            return False
        seen.add(digest)
        self.judged += 1
        return True

    def complaint(self, kind, path):
        if kind == "ext4":
            # what it says of the source is not always good: some features it takes for damage
            if e2fsck_report(path) != self.report:
                return e2fsck_report(path)[-2000:]
        else:
            check = run("btrfs", "check", path)
            if check.returncode:
                return check.stdout[-2000:]
        if kind in self.wanted and manifest(path, kind, self.mountpoint) != self.wanted[kind]:
            return "the kernel's %s shows other files, or does not mount it" % kind
        return None

    def mounts_armed(self, probe, path):
        """An armed device must not be mounted, and still be known to blkid. Returns a complaint or None."""
        with loop_device(path) as device:
            for kind in ("ext4", "btrfs"):
                if probe.stale and kind == "ext4":
                    continue  # ext is whole but for its checksum
                if mountable(device, kind, self.mountpoint):
                    return "the kernel mounts it as %s before the resume" % kind
            names = run("blkid", "-p", "-o", "export", device)
        if probe.ext and not probe.btrfs and "TYPE=ext" not in names.stdout:
            return "blkid does not know it any more: %s" % names.stdout
        if probe.btrfs and not probe.ext and "TYPE=btrfs" not in names.stdout:
            return "blkid does not know it any more: %s" % names.stdout
        return None
