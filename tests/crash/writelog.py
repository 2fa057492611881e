# SPDX-License-Identifier: GPL-2.0-or-later
"""
Write logs in the format of dm-log-writes, as debug builds of fsconvert and the blklogwrites driver of QEMU make them,
and the states of the device that a power cut can leave.

The writes between two flushes are an epoch. A power cut in an epoch leaves any set of the sectors (512 bytes) that the
epoch changes; all earlier epochs are whole. A state is named EPOCH/CHANGE, where CHANGE is one of

    xMASK       the sectors of a bit mask; all masks are tried where an epoch changes few sectors
    pN          the first N writes
    lN          all writes but number N
    tN.KIND     the writes before number N, and of that one a part: first, last, even, odd or a random set
    rN          writes at random
    sN          sectors at random
"""
import random
import struct

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
FEW = 8  # up to so many changed sectors all sets are tried
KINDS = ("first", "last", "even", "odd", "random")


def read_log(path):
    """The epochs of a log: lists of (offset, bytes). What follows the last flush is the last epoch."""
    with open(path, "rb") as f:
        text = f.read()
    magic, version, count, size = struct.unpack_from("<QQQI", text)
    if magic != MAGIC or version != 1:
        raise ValueError("%s is no write log" % path)
    position = size
    epochs = [[]]
    for _ in range(count):
        sector, length, flags, _ = struct.unpack_from("<QQQQ", text, position)
        position += size
        if flags & (DISCARD | MARK):
            raise ValueError("%s has a discard or a mark" % path)
        # a flush stands before the data of its own entry
        if flags & FLUSH and epochs[-1]:
            epochs.append([])
        if length:
            epochs[-1].append((sector * size, text[position:position + length * size]))
            position += length * size
        if flags & FUA and epochs[-1]:
            epochs.append([])
    if not epochs[-1]:
        epochs.pop()
    return epochs


def merge(pieces):
    """Neighbours of a sorted list of (offset, bytes) become one."""
    merged = []
    for offset, data in pieces:
        if merged and merged[-1][0] + merged[-1][1] == offset:
            merged[-1][1] += len(data)
            merged[-1][2].append(data)
        else:
            merged.append([offset, len(data), [data]])
    return [(offset, b"".join(parts)) for offset, _, parts in merged]


class Epoch:
    """The writes between two flushes, seen against what the image holds when they begin."""

    def __init__(self, number, writes, image):
        self.number = number
        self.writes = writes
        self.sectors = {}
        self.old = {}
        for offset, data in writes:
            before = image.read(offset, len(data))
            for i in range(0, len(data), SECTOR):
                self.old.setdefault(offset + i, before[i:i + SECTOR])
                self.sectors[offset + i] = data[i:i + SECTOR]
        self.changed = sorted(at for at in self.sectors if self.sectors[at] != self.old[at])

    def all(self):
        return merge((at, self.sectors[at]) for at in self.changed)

    def names(self, budget, rng):
        """Names of states: all there are when the epoch changes few sectors, else a choice of about the budget."""
        count = len(self.changed)
        if count <= FEW:
            return ["%d/x%x" % (self.number, mask) for mask in range(1 << count)]
        fixed = ["p%d" % i for i in range(len(self.writes) + 1)]
        fixed += ["l%d" % i for i in range(len(self.writes))]
        fixed += ["t%d.%s" % (i, kind) for i in range(len(self.writes)) for kind in KINDS]
        rng.shuffle(fixed)
        chosen = {"p0", "p%d" % len(self.writes)}
        chosen.update(fixed[:max(budget * 2 // 3, 0)])
        number = 0
        while len(chosen) < budget:
            chosen.add("%s%d" % ("rs"[number % 2], number))
            number += 1
        return ["%d/%s" % (self.number, change) for change in sorted(chosen)]

    def state(self, name):
        """What the state of that name writes onto the image: sorted (offset, bytes)."""
        change = name.split("/")[1]
        kind, rest = change[0], change[1:]
        rng = random.Random(name)
        if kind == "x":
            kept = [at for i, at in enumerate(self.changed) if int(rest, 16) >> i & 1]
            return merge((at, self.sectors[at]) for at in kept)
        if kind == "s":
            share = rng.random()
            return merge((at, self.sectors[at]) for at in self.changed if rng.random() < share)
        if kind == "p":
            return self.overlay(self.writes[:int(rest)])
        if kind == "l":
            return self.overlay(w for i, w in enumerate(self.writes) if i != int(rest))
        if kind == "r":
            share = rng.random()
            return self.overlay(w for w in self.writes if rng.random() < share)
        number, part = rest.split(".")
        offset, data = self.writes[int(number)]
        return self.overlay(self.writes[:int(number)] + list(self.torn(offset, data, part, rng)))

    def overlay(self, writes):
        sectors = {}
        for offset, data in writes:
            for i in range(0, len(data), SECTOR):
                sectors[offset + i] = data[i:i + SECTOR]
        return merge(sorted(sectors.items()))

    @staticmethod
    def torn(offset, data, part, rng):
        count = len(data) // SECTOR
        for i in range(count):
            if (part == "first" and i < count // 2 or part == "last" and i >= count // 2 or
                    part == "even" and i % 2 == 0 or part == "odd" and i % 2 or
                    part == "random" and rng.random() < 0.5):
                yield offset + i * SECTOR, data[i * SECTOR:(i + 1) * SECTOR]
