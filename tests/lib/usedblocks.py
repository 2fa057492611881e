#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Knows which bytes of an ext image are in use, told by dumpe2fs and the kernel, and compares them with another image.

    usedblocks.py unwritten MOUNTPOINT          prints the physical ranges of preallocated, unwritten file blocks
    usedblocks.py compare [--unwritten FILE] [--holes] [--base BYTES] SOURCE OTHER
                                                fails unless OTHER holds every used byte of SOURCE at the same place;
                                                with --holes what ext never wrote must read as zeros
    usedblocks.py used SOURCE                   prints the ranges that are in use and were written
    usedblocks.py never-written SOURCE          prints the parts of inode tables and bitmaps that ext never wrote
    usedblocks.py fill SOURCE BYTE              overwrites these parts and all free blocks with BYTE, in place

Ranges are printed as "start length", in bytes. What ext never wrote may differ: unwritten blocks, inode tables beyond
the last inode in use, bitmaps of uninitialised groups. --base says where SOURCE's file system begins in both files.
"""
import argparse
import os
import re
import stat
import subprocess
import sys

import manifest

CHUNK = 1 << 20


class Layout:
    """Block size and block ranges of an ext image: free, and reserved but never written."""

    def __init__(self, image, base=0):
        target = "%s?offset=%d" % (image, base) if base else image
        text = subprocess.run(["dumpe2fs", target], check=True, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        head, _, groups = text.partition("\nGroup 0:")
        self.block_size = self.number(head, "Block size")
        self.blocks = self.number(head, "Block count")
        self.inode_size = self.number(head, "Inode size", 128)
        self.inodes_per_group = self.number(head, "Inodes per group")
        self.lazy = re.search(r"^Filesystem features:.*\b(metadata_csum|uninit_bg)\b", head, re.M) is not None
        self.free = []
        self.never_written = []
        for group in re.split(r"\nGroup \d+:", groups):
            self.parse_group(group)

    @staticmethod
    def number(text, label, default=None):
        match = re.search(r"^%s:\s+(\d+)" % label, text, re.M)
        return int(match.group(1)) if match else default

    def parse_group(self, text):
        match = re.search(r"^  Free blocks: (.+)$", text, re.M)
        for item in match.group(1).split(", ") if match else []:
            first, _, last = item.partition("-")
            self.free.append((int(first), int(last or first) + 1))
        if not self.lazy:
            return
        flags = re.search(r"\[([A-Z_, ]+)\]", text.splitlines()[0])
        flags = flags.group(1).split(", ") if flags else []
        unused = re.search(r"(\d+) unused inodes", text)
        used = self.inodes_per_group - int(unused.group(1)) if unused else self.inodes_per_group
        if "INODE_UNINIT" in flags:
            used = 0
            self.never_written.append(self.one(text, "Inode bitmap"))
        if "BLOCK_UNINIT" in flags:
            self.never_written.append(self.one(text, "Block bitmap"))
        first, last = map(int, re.search(r"Inode table at (\d+)-(\d+)", text).groups())
        first += -(-used * self.inode_size // self.block_size)
        if first <= last:
            self.never_written.append((first, last + 1))

    @staticmethod
    def one(text, label):
        block = int(re.search(r"%s at (\d+)" % label, text).group(1))
        return block, block + 1

    def in_bytes(self, ranges):
        return [(start * self.block_size, end * self.block_size) for start, end in ranges]


def subtract(whole, holes):
    """The parts of the range whole that no range of the sorted list holes covers."""
    position, end = whole
    for start, stop in holes:
        if stop <= position or start >= end:
            continue
        if start > position:
            yield position, start
        position = max(position, stop)
    if position < end:
        yield position, end


def normalised(ranges):
    merged = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def first_difference(one, other, start, end, base):
    """Offset of the first byte that differs in the range, or None."""
    while start < end:
        length = min(CHUNK, end - start)
        a = os.pread(one, length, start + base)
        b = os.pread(other, length, start)
        if a != b or len(a) != length:
            for i, (x, y) in enumerate(zip(a, b)):
                if x != y:
                    return start + i
            return start + min(len(a), len(b))
        start += length
    return None


def not_zero(fd, start, end):
    for begin, stop in manifest.data_segments(fd, end, start):
        while begin < stop:
            data = os.pread(fd, min(CHUNK, stop - begin), begin)
            if data.strip(b"\0"):
                return True
            begin += len(data) or CHUNK
    return False


def read_ranges(path):
    with open(path, encoding="ascii") as f:
        pairs = [tuple(map(int, line.split())) for line in f]
    return [(start, start + length) for start, length in pairs]


def compare(options):
    layout = Layout(options.source, options.base)
    untouched = layout.in_bytes(layout.never_written)
    if options.unwritten:
        untouched += read_ranges(options.unwritten)
    untouched = normalised(untouched)
    unused = normalised(layout.in_bytes(layout.free) + untouched)
    source = os.open(options.source, os.O_RDONLY)
    other = os.open(options.other, os.O_RDONLY)
    used = 0
    bad = 0
    for start, end in subtract((0, layout.blocks * layout.block_size), unused):
        used += end - start
        at = first_difference(source, other, start, end, options.base)
        if at is not None:
            print("used bytes %d+%d differ, first at %d (block %d)" %
                  (start, end - start, at, at // layout.block_size))
            bad += 1
    for start, end in untouched if options.holes else []:
        if not_zero(other, start, end):
            print("never written %d+%d is not a hole" % (start, end - start))
            bad += 1
    print("%d bytes in use compared, %d ranges differ" % (used, bad))
    return 1 if bad else 0


def unwritten(options):
    """All files below the mount point, by their physical addresses."""
    found = set()
    for _, _, names, folder in os.fwalk(os.fsencode(options.mountpoint)):
        for name in names:
            if not stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
                continue
            fd = os.open(name, os.O_RDONLY | os.O_NOATIME, dir_fd=folder)
            for _, physical, length, flags in manifest.extents(fd):
                if flags & manifest.FIEMAP_UNWRITTEN:
                    found.add((physical, physical + length))
            os.close(fd)
    for start, end in normalised(found):
        print(start, end - start)
    return 0


def used_ranges(options):
    layout = Layout(options.source)
    unused = normalised(layout.in_bytes(layout.free + layout.never_written))
    for start, end in subtract((0, layout.blocks * layout.block_size), unused):
        print(start, end - start)
    return 0


def never_written(options):
    layout = Layout(options.source)
    for start, end in normalised(layout.in_bytes(layout.never_written)):
        print(start, end - start)
    return 0


def fill(options):
    layout = Layout(options.source)
    fd = os.open(options.source, os.O_WRONLY)
    for start, end in layout.in_bytes(layout.never_written + layout.free):
        while start < end:
            start += os.pwrite(fd, bytes([options.byte]) * min(CHUNK, end - start), start)
    os.close(fd)
    return 0


def main():
    parser = argparse.ArgumentParser(description="Compare the used blocks of ext images.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("unwritten")
    command.add_argument("mountpoint")
    command.set_defaults(run=unwritten)
    command = commands.add_parser("compare")
    command.add_argument("--unwritten", metavar="FILE")
    command.add_argument("--holes", action="store_true")
    command.add_argument("--base", type=int, default=0)
    command.add_argument("source")
    command.add_argument("other")
    command.set_defaults(run=compare)
    command = commands.add_parser("used")
    command.add_argument("source")
    command.set_defaults(run=used_ranges)
    command = commands.add_parser("never-written")
    command.add_argument("source")
    command.set_defaults(run=never_written)
    command = commands.add_parser("fill")
    command.add_argument("source")
    command.add_argument("byte", type=lambda text: int(text, 0))
    command.set_defaults(run=fill)
    options = parser.parse_args()
    sys.exit(options.run(options))


if __name__ == "__main__":
    main()
