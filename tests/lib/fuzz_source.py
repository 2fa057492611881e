#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Damages copies of an ext image at random places of its metadata and converts each: it must be refused unchanged, or
converted exactly.

    fuzz_source.py --program FSCONVERT --work DIR --seed N --count N [--dir PATH]... IMAGE

A copy is damaged in one to four bytes: in inode tables, bitmaps, directory blocks, the superblock or the descriptors.
The judges: status 3 and not a byte changed; or status 0, e2fsck -fn content with the damaged source (but for what has
no meaning for any reader, see HARMLESS), btrfs check clean, and the same manifest from both mounts. Every case can be
repeated by its seed. Prints a line of counts.
"""
import argparse
import os
import random
import re
import subprocess
import sys

LIB = os.path.dirname(os.path.abspath(__file__))

# Complaints of e2fsck about fields that no kernel reads, or figures that it recomputes.
HARMLESS = re.compile(
    r"i_faddr for inode|i_blocks_hi for inode|i_file_acl_hi|i_frag for inode|i_fsize for inode|has zero dtime|"
    r"(Directories|Free blocks|Free inodes) count wrong|is not NULL terminated|NULL inode|Can't find external journal|"
    r"marked uninitialized without feature set|_UNINIT is set|is not zero-terminated|"
    r"has an incorrect filetype|incorrect padding|Padding at end of|last mount time|"
    r"last write time|Fix\?|Clear\?|Ignore error|Salvage\?|^Pass|WARNING: Filesystem still has errors|"
    r"^\s*$|files \(.*non-contiguous\)|^Entry .* in .* has an incorrect filetype")


class Case:
    """One damaged copy."""

    def __init__(self, options, regions, seed):
        self.options = options
        self.seed = seed
        self.image = os.path.join(options.work, "case.img")
        self.before = os.path.join(options.work, "before.img")
        self.places = []
        copy(options.image, self.image)
        rng = random.Random(seed)
        with open(self.image, "r+b") as image:
            for _ in range(rng.choice([1, 1, 2, 4])):
                self.damage(image, rng, regions)
        copy(self.image, self.before)

    def damage(self, image, rng, regions):
        start, length = rng.choice(rng.choice(regions))
        offset = start + rng.randrange(length)
        image.seek(offset)
        old = image.read(1)[0]
        new = rng.choice([old ^ (1 << rng.randrange(8)), rng.randrange(256), 0, 255])
        image.seek(offset)
        image.write(bytes([new]))
        self.places.append("%d:%02x>%02x" % (offset, old, new))

    def fail(self, text):
        print("FAIL: seed %d (%s): %s" % (self.seed, " ".join(self.places), text))
        sys.exit(1)

    def run(self):
        try:
            done = subprocess.run([self.options.program, "--no-progress", self.image], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            self.fail("hangs")
        if done.returncode == 3:
            if not same(self.image, self.before):
                self.fail("refused, but the image was changed")
            if not re.search(rb"ERROR: .{20}", done.stderr):
                self.fail("refused without a reason: %r" % done.stderr[-300:])
            return "refused"
        if done.returncode != 0:
            self.fail("status %d: %r" % (done.returncode, done.stderr[-500:]))
        self.judge()
        return "converted"

    def judge(self):
        text = subprocess.run(["timeout", "-s", "KILL", "120", "e2fsck", "-fn", self.before], capture_output=True,
                              check=False).stdout.decode(errors="replace")
        bad = [line for line in text.splitlines() if not HARMLESS.search(line)]
        if bad:
            self.fail("converted, but e2fsck finds: %s" % " | ".join(bad[:5]))
        check = subprocess.run(["btrfs", "check", "--check-data-csum", self.image], capture_output=True, check=False)
        if check.returncode != 0:
            self.fail("btrfs check: %r" % check.stdout[-500:])
        ext = self.manifest("ext4", "ro,noload,loop", self.before)
        if ext is not None and ext != self.manifest("btrfs", "ro,loop", self.image):
            self.fail("the files differ")

    def manifest(self, kind, options, image):
        mnt = os.path.join(self.options.work, "fuzz_mnt")
        os.makedirs(mnt, exist_ok=True)
        command = ["mount", "-t", kind, "-o", options, image, mnt]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            if kind == "btrfs":
                self.fail("the kernel does not mount the result")
            return None
        try:
            done = subprocess.run([os.path.join(LIB, "manifest.py"), "--exclude", "ext2_saved", mnt],
                                  capture_output=True, check=False)
        finally:
            subprocess.run(["umount", mnt], check=True)
        return done.stdout if done.returncode == 0 else None


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def same(one, other):
    return subprocess.run(["cmp", "-s", one, other], check=False).returncode == 0


def output(*command):
    return subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")


def find_regions(options):
    """Lists of (start, length); a list is chosen first, then a range of it."""
    text = output("dumpe2fs", options.image)
    block = int(re.search(r"Block size:\s+(\d+)", text).group(1))
    inode = int(re.search(r"Inode size:\s+(\d+)", text).group(1))
    used = int(re.search(r"Inode count:\s+(\d+)", text).group(1))
    used -= int(re.search(r"Free inodes:\s+(\d+)", text).group(1))
    table = int(re.search(r"Inode table at (\d+)", text).group(1))
    inodes = [(table * block, min(used + 8, 4096) * inode)]
    bitmaps = [(int(at) * block, block // 4) for at in re.findall(r"[Bb]itmap at (\d+)", text)]
    dirs = []
    for path in ["/"] + options.dir:
        blocks = output("debugfs", "-R", "blocks " + path, options.image).split()
        dirs += [(int(at) * block, min(block, 800)) for at in blocks]
    heads = [(1024, 1024), (block, 256)]
    return [inodes] * 6 + [dirs] * 3 + [bitmaps, heads]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--dir", action="append", default=[])
    parser.add_argument("image")
    options = parser.parse_args()
    regions = find_regions(options)
    counts = {"refused": 0, "converted": 0}
    for seed in range(options.seed, options.seed + options.count):
        counts[Case(options, regions, seed).run()] += 1
    print("%d damaged sources: %d refused, %d converted exactly" %
          (options.count, counts["refused"], counts["converted"]))
    if not counts["refused"] or not counts["converted"]:
        sys.exit("the damage is not of both kinds: the test is not worth its time")


if __name__ == "__main__":
    main()
