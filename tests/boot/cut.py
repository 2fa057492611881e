#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Brings a disk into the state that a power cut between two flushes leaves.

    cut.py count LOG
        how many epochs (writes between two flushes) a write log has
    cut.py apply LOG NUMBER DISK OFFSET
        writes the first NUMBER epochs to the disk, on which the recorded device begins at OFFSET
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))
import writelog  # noqa: E402


def main():
    epochs = writelog.read_log(sys.argv[2])
    if sys.argv[1] == "count":
        print(len(epochs))
        return
    number, disk, offset = int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
    with open(disk, "r+b") as f:
        for epoch in epochs[:number]:
            for start, data in epoch:
                os.pwrite(f.fileno(), data, offset + start)


if __name__ == "__main__":
    main()
