#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Prints what a user can see of a mounted file system, one line for each name, so that two trees can be compared by
comparing two files.

    manifest.py [--exclude NAME]... [--prealloc] [--writable] DIR

Shown: kind and mode, owner, link count (not of directories), size (of files and symbolic links), device numbers,
times in nanoseconds, birth time (0 where there is none), flags that ext4 and btrfs both know, extended attributes,
link target, a hash of the content, and which names are one file. Blocks that hold only zeros count as holes.
--prealloc adds the allocated but unwritten ranges of files.

The tree must be mounted read-only (or --writable given), because reading would change access times.
Names are bytes: what is not printable ASCII is written as \\xNN.
"""
import argparse
import ctypes
import errno
import fcntl
import hashlib
import os
import resource
import stat
import struct
import sys

AT_SYMLINK_NOFOLLOW = 0x100
AT_FDCWD = -100
STATX_ALL = 0xFFF  # the basic fields and the birth time
STATX_BTIME = 0x800
STATX_LAYOUT = struct.Struct("<IIQIIIH2xQQQQ qI4x qI4x qI4x qI4x IIII")

FS_IOC_GETFLAGS = 0x80086601
FLAGS_OF_BOTH = 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x400 | 0x10000  # c S i a d A m D

FS_IOC_FIEMAP = 0xC020660B
FIEMAP_HEADER = struct.Struct("<QQIIII")
FIEMAP_EXTENT = struct.Struct("<QQQ2QI3I")
FIEMAP_COUNT = 512
FIEMAP_LAST = 0x1
FIEMAP_UNWRITTEN = 0x800

BLOCK = 4096
CHUNK = 1 << 20
ZERO_BLOCK = bytes(BLOCK)

libc = ctypes.CDLL(None, use_errno=True)
libc.statx.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p]
statx_buf = ctypes.create_string_buffer(256)

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


class Attr:
    """What statx says of one name."""

    __slots__ = ("mode", "ino", "nlink", "uid", "gid", "size", "blocks", "rdev", "times")

    def __init__(self, name):
        if libc.statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_ALL, statx_buf) != 0:
            err = ctypes.get_errno()
            raise OSError(err, os.strerror(err), quote(name))
        (mask, _, _, self.nlink, self.uid, self.gid, self.mode, self.ino, self.size, self.blocks, _,
         a_sec, a_ns, b_sec, b_ns, c_sec, c_ns, m_sec, m_ns,
         major, minor, _, _) = STATX_LAYOUT.unpack_from(statx_buf.raw)
        birth = (b_sec, b_ns) if mask & STATX_BTIME else (0, 0)
        self.rdev = (major, minor)
        self.times = ((a_sec, a_ns), (m_sec, m_ns), (c_sec, c_ns), birth)

    def kind(self):
        return stat.S_IFMT(self.mode)


def quote(name):
    if name.isalnum() and name.isascii():
        return name.decode()
    return "".join(chr(c) if 0x21 <= c <= 0x7E and c != 0x5C else "\\x%02x" % c for c in name)


def has_zero_block(data):
    """False is certain; true means that the blocks must be looked at one by one."""
    return ZERO_BLOCK in data or not data[-(len(data) % BLOCK or BLOCK):].strip(b"\0")


class Hasher:
    """Hash of a file's content in which zero blocks and holes do not differ. Data comes at ascending offsets."""

    def __init__(self):
        self.hash = hashlib.sha256()
        self.end = None  # where the current run of data ends

    def run(self, offset, data):
        if offset != self.end:
            self.hash.update(b"@%d:" % offset)
        self.hash.update(data)
        self.end = offset + len(data)

    def add(self, offset, data):
        """offset is a multiple of BLOCK, and so is the length but at the end of the file."""
        if not has_zero_block(data):
            self.run(offset, data)
            return
        for start in range(0, len(data), BLOCK):
            block = data[start:start + BLOCK]
            if block.strip(b"\0"):
                self.run(offset + start, block)

    def digest(self):
        return self.hash.hexdigest()[:32] if self.end is not None else "zeros"


def data_segments(fd, size, end=0):
    """Yields (start, end) of the parts from end to size that may hold data, rounded outwards to blocks."""
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as err:
            if err.errno == errno.ENXIO:
                return
            raise
        start = max(start // BLOCK * BLOCK, end)
        end = min(-(-os.lseek(fd, start, os.SEEK_HOLE) // BLOCK) * BLOCK, size)
        yield start, end


def content_hash(fd, size):
    hasher = Hasher()
    if size <= CHUNK:
        segments = [(0, size)]
    else:
        segments = data_segments(fd, size)
    for start, end in segments:
        while start < end:
            data = os.pread(fd, min(CHUNK, end - start), start)
            if not data:
                raise OSError(errno.EIO, "file is shorter than its size")
            if len(data) % BLOCK and start + len(data) < size:
                data = data[:len(data) // BLOCK * BLOCK]
            hasher.add(start, data)
            start += len(data)
    return hasher.digest()


def extents(fd):
    """Yields (logical, physical, length, FIEMAP flags) of a file's extents."""
    start = 0
    last = False
    while not last:
        request = bytearray(FIEMAP_HEADER.pack(start, 2**64 - 1 - start, 0, 0, FIEMAP_COUNT, 0))
        request += bytes(FIEMAP_COUNT * FIEMAP_EXTENT.size)
        fcntl.ioctl(fd, FS_IOC_FIEMAP, request)
        mapped = FIEMAP_HEADER.unpack_from(request)[3]
        last = mapped == 0
        for i in range(mapped):
            logical, physical, length, _, _, flags, *_ = FIEMAP_EXTENT.unpack_from(
                request, FIEMAP_HEADER.size + i * FIEMAP_EXTENT.size)
            yield logical, physical, length, flags
            start = logical + length
            last = last or bool(flags & FIEMAP_LAST)


def unwritten_ranges(fd):
    """The allocated but unwritten ranges of a file, merged: "start+length,...", "" if there are none."""
    merged = []
    for logical, _, length, flags in extents(fd):
        if not flags & FIEMAP_UNWRITTEN:
            continue
        if merged and merged[-1][1] == logical:
            merged[-1][1] += length
        else:
            merged.append([logical, logical + length])
    return ",".join("%d+%d" % (begin, end - begin) for begin, end in merged)


class Manifest:
    def __init__(self, options, out):
        self.options = options
        self.out = out
        self.first_name = {}  # inode -> (first path, its content part), for files with several names

    def opened(self, name, attr):
        """The part of a line that needs the file or directory open."""
        fd = os.open(name, os.O_RDONLY | os.O_NOATIME | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            flags = struct.unpack("<L", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(8))[:4])[0]
            text = " flags=%x" % (flags & FLAGS_OF_BOTH)
            if attr.kind() != stat.S_IFREG:
                return text
            if attr.size:
                text += " data=" + content_hash(fd, attr.size)
            if self.options.prealloc and attr.blocks:
                ranges = unwritten_ranges(fd)
                text += " prealloc=" + ranges if ranges else ""
            return text
        finally:
            os.close(fd)

    def content(self, name, attr):
        """What needs more than statx; an error is shown too, so that one bad file does not hide the others."""
        try:
            return self.content_or_error(name, attr)
        except OSError as err:
            return " ERROR=" + os.strerror(err.errno).replace(" ", "-")

    def content_or_error(self, name, attr):
        kind = attr.kind()
        text = ""
        for key in sorted(os.fsencode(k) for k in os.listxattr(name, follow_symlinks=False)):
            text += " %s=%s" % (quote(key), os.getxattr(name, key, follow_symlinks=False).hex())
        if kind == stat.S_IFLNK:
            return text + " -> " + quote(os.readlink(name))
        if kind in (stat.S_IFCHR, stat.S_IFBLK):
            return text + " rdev=%d:%d" % attr.rdev
        if kind in (stat.S_IFREG, stat.S_IFDIR):
            return self.opened(name, attr) + text
        return text

    def line(self, path, name, attr):
        kind = attr.kind()
        text = "%s %s %04o %d:%d" % (quote(path), KINDS[kind], stat.S_IMODE(attr.mode), attr.uid, attr.gid)
        if kind != stat.S_IFDIR:
            text += " n=%d" % attr.nlink
        if kind in (stat.S_IFREG, stat.S_IFLNK):
            text += " size=%d" % attr.size
        for label, (sec, ns) in zip("amcb", attr.times):
            # a damaged source may have a second or more of nanoseconds: the moment is what counts
            text += " %s=%d.%09d" % (label, sec + ns // 10**9, ns % 10**9)
        if kind != stat.S_IFDIR and attr.nlink > 1:
            if attr.ino not in self.first_name:
                self.first_name[attr.ino] = (quote(path), self.content(name, attr))
            first, content = self.first_name[attr.ino]
            text += " same=" + first + content
        else:
            text += self.content(name, attr)
        self.out.write(text + "\n")

    def folder(self, path):
        """Lists the current directory, whose path is given; returns the names of its directories."""
        dirs = []
        for name in sorted(os.listdir(b".")):
            if path == b"" and os.fsdecode(name) in self.options.exclude:
                continue
            attr = Attr(name)
            self.line(path + b"/" + name, name, attr)
            if attr.kind() == stat.S_IFDIR:
                dirs.append(name)
        return dirs

    def walk(self):
        """Depth first with one open directory per level: paths may be longer than PATH_MAX."""
        self.line(b"/", b".", Attr(b"."))
        stack = [(b"", iter(self.folder(b"")), os.open(b".", os.O_RDONLY | os.O_NOATIME))]
        while stack:
            path, dirs, fd = stack[-1]
            name = next(dirs, None)
            if name is None:
                os.close(fd)
                stack.pop()
                continue
            os.fchdir(fd)
            os.chdir(name)
            child = os.open(b".", os.O_RDONLY | os.O_NOATIME)
            stack.append((path + b"/" + name, iter(self.folder(path + b"/" + name)), child))


def main():
    parser = argparse.ArgumentParser(description="Print what a user can see of a mounted file system.")
    parser.add_argument("--exclude", action="append", default=[], metavar="NAME",
                        help="leave out NAME in the top directory")
    parser.add_argument("--prealloc", action="store_true", help="show unwritten ranges of files")
    parser.add_argument("--writable", action="store_true", help="accept a tree that is not mounted read-only")
    parser.add_argument("dir")
    options = parser.parse_args()

    os.chdir(options.dir)
    if not options.writable and not os.statvfs(".").f_flag & os.ST_RDONLY:
        sys.exit("manifest.py: %s is not mounted read-only" % options.dir)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with open(1, "w", buffering=CHUNK, closefd=False, encoding="ascii") as out:
        Manifest(options, out).walk()


if __name__ == "__main__":
    main()
