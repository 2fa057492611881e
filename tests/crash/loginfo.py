#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
    loginfo.py LOG                      how many writes come before the mark, and the address of the journal record
    loginfo.py --source IMAGE ADDRESS   where the first piece is kept that the record at the address names
"""
import struct
import sys

import judge
import writelog

PIECES = 0x1C00


def main():
    if sys.argv[1] == "--source":
        home, _, source = struct.unpack("<QQQ", judge.Image(sys.argv[2]).read(int(sys.argv[3]) + PIECES, 24))
        if home:
            raise SystemExit("the first piece is not that of the superblock")
        print(source)
        return
    epochs = writelog.read_log(sys.argv[1])
    first = next(i for i, epoch in enumerate(epochs) if judge.record_in([epoch]) is not None)
    print(sum(len(epoch) for epoch in epochs[:first + 1]), judge.record_in(epochs))


if __name__ == "__main__":
    main()
