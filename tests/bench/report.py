#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Turns the measurements in a folder into the table of docs/BENCH.md.

    report.py RESULTS
"""
import os
import platform
import statistics
import subprocess
import sys

# case: what the source is, and the targets as (what, limit, unit): ratios are btrfs-convert / fsconvert
CASES = {
    "small": ("1,000,000 files of 0-12 KB in 10,000 folders, 16 GiB image, 5.2 GiB used",
              [("wall", 12), ("cpu", 25), ("peak", 256)]),
    "distro": ("470,000 inodes from copies of /usr, 20 GiB image, 16 GiB used", [("wall", 10)]),
    "large": ("8 files of 1 GiB, 16 GiB image", [("dd", 1.3)]),
    "empty": ("9,000 small files, 1 TiB image, inode tables never written", [("seconds", 2)]),
    "stripes": ("one file of 400,000 extents of 4 KiB, 8 GiB image", [("wall", 30)]),
}

TARGET_TEXT = {
    "wall": "{:g} times faster",
    "cpu": "{:g} times less CPU",
    "peak": "peak below {:g} MiB",
    "dd": "at most {:g} times dd",
    "seconds": "below {:g} s",
}


class Figures:
    """Medians of one tool on one case: wall and CPU seconds, peak MiB."""

    def __init__(self, path):
        with open(path, encoding="ascii") as f:
            rows = [[float(word) for word in line.split()] for line in f]
        self.wall, self.cpu, peak = (statistics.median(row[i] for row in rows) for i in range(3))
        self.peak = peak / 1024

    def __str__(self):
        return "%.1f s / %.1f s / %.0f MiB" % (self.wall, self.cpu, self.peak)


def load(folder, case, tool):
    path = os.path.join(folder, case + "." + tool)
    return Figures(path) if os.path.exists(path) else None


def met(kind, limit, ours, theirs, read):
    """The value reached for one target, and whether it is met."""
    if kind == "wall":
        return "%.1f times" % (theirs.wall / ours.wall), theirs.wall >= limit * ours.wall
    if kind == "cpu":
        return "%.1f times" % (theirs.cpu / ours.cpu), theirs.cpu >= limit * ours.cpu
    if kind == "peak":
        return "%.0f MiB" % ours.peak, ours.peak < limit
    if kind == "dd":
        return "%.2f times" % (ours.wall / read.wall), ours.wall <= limit * read.wall
    return "%.2f s" % ours.wall, ours.wall < limit


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown")


def introduction():
    progs = subprocess.run(["btrfs", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    print("# Measurements")
    print()
    print("Made by `make bench`: fsconvert and the btrfs-convert of %s on the same sources in one run, image files on"
          % progs)
    print("an ext4 disk, caches dropped before each conversion. Both write metadata once (`--metadata single`). Each")
    print("result of fsconvert passed `btrfs check`. Machine: %d processors (%s), %d GiB of memory, Linux %s."
          % (os.cpu_count(), processor(), memory, platform.release().split("-")[0]))
    print()


def main():
    folder = sys.argv[1]
    introduction()
    print("| source | btrfs-convert: wall / CPU / peak | fsconvert: wall / CPU / peak | wall | CPU |")
    print("| --- | --- | --- | --- | --- |")
    verdicts = []
    for case, (text, targets) in CASES.items():
        ours, theirs = load(folder, case, "fsconvert"), load(folder, case, "btrfs-convert")
        if not ours or not theirs:
            continue
        reads = [read for read in (load(folder, case, "dd-" + flag) for flag in ("fullblock", "direct")) if read]
        read = min(reads, key=lambda figures: figures.wall) if reads else None
        print("| %s | %s | %s | %.1f times | %.1f times |" %
              (text, theirs, ours, theirs.wall / ours.wall, theirs.cpu / ours.cpu))
        for kind, limit in targets:
            value, good = met(kind, limit, ours, theirs, read)
            verdicts.append((case, TARGET_TEXT[kind].format(limit), value, "met" if good else "**missed**"))
        if read:
            verdicts.append((case, "dd of the used blocks, for comparison", "%.1f s" % read.wall, ""))
    print()
    print("| case | target | reached | verdict |")
    print("| --- | --- | --- | --- |")
    for row in verdicts:
        print("| %s | %s | %s | %s |" % row)


if __name__ == "__main__":
    main()
