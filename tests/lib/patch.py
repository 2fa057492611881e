#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Changes bytes of an image by hand, for damage that no tool makes.

    patch.py IMAGE OFFSET OLDHEX NEWHEX     replaces OLDHEX at OFFSET, which must be there
    patch.py IMAGE OFFSET+LEN OLDHEX NEWHEX replaces the first OLDHEX within LEN bytes from OFFSET
"""
import sys


def main():
    image, where, old, new = sys.argv[1:]
    old, new = bytes.fromhex(old), bytes.fromhex(new)
    offset, _, length = where.partition("+")
    with open(image, "r+b") as f:
        f.seek(int(offset))
        data = f.read(int(length) if length else len(old))
        at = data.find(old)
        if at < 0:
            sys.exit("patch.py: %s is not at %s" % (old.hex(), where))
        f.seek(int(offset) + at)
        f.write(new)


if __name__ == "__main__":
    main()
