#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Fills a mounted ext2, ext3 or ext4 with everything a conversion must carry over (root).

    populate.py [--quick] [--small-items] [--only PART]... [--skip PART]... DIR

Each part makes one folder. What the file system does not support is left out, always in the same way. --quick makes
the parts that need many inodes small; --small-items keeps names, link targets and attributes within what a btrfs
node of 4096 bytes can hold.
"""
import argparse
import os
import random
import socket
import stat

import oslib
from oslib import optional

BLOCK = 4096
EDGE_SIZES = [0, 1, 2, 59, 60, 61, 155, 160, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192,
              12288, 65535, 65536, 65537, 1048575, 1048576, 1048577]


class Populate:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(20260)

    def data(self, size):
        return self.rng.randbytes(size)

    def write(self, name, data):
        with open(name, "wb") as f:
            f.write(data)

    def times(self):
        """From 1901 to 2446, with the edges of each epoch; what is out of range is clamped by the kernel."""
        seconds = [-2**31, -2**31 + 1, -86400 * 365, -1, 0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 2**31,
                   3 * 2**32 - 2**31 + 5, 2**34 - 2**31 - 1, 2**34]
        for i, second in enumerate(seconds):
            for ns in (0, 1, 999999999):
                self.write("t%d-%d" % (i, ns), b"x")
                os.utime("t%d-%d" % (i, ns), ns=(second * 10**9 + ns, second * 10**9 + 999999999 - ns))
        os.mkdir("dir")
        os.symlink("target", "link")
        for name in ("dir", "link"):
            os.utime(name, ns=(-123456789, 2**33 * 10**9 + 7), follow_symlinks=False)

    def owners(self):
        for uid in (0, 1, 65534, 65535, 65536, 70000, 4294967294):
            self.write("u%d" % uid, b"u")
            os.chown("u%d" % uid, uid, 4294967294 - uid)
        for mode in (0, 0o7777, 0o4755, 0o2755, 0o1777, 0o644, 0o400):
            self.write("f%04o" % mode, b"m")
            os.chmod("f%04o" % mode, mode)
            os.mkdir("d%04o" % mode)
            os.chmod("d%04o" % mode, mode)

    def nodes(self):
        for major, minor in ((1, 3), (8, 0), (255, 255), (256, 0), (1, 256), (511, 70000), (4095, 1048575), (0, 0)):
            for kind, letter in ((stat.S_IFCHR, "c"), (stat.S_IFBLK, "b")):
                os.mknod("%s%d-%d" % (letter, major, minor), 0o640 | kind, os.makedev(major, minor))
        os.mkfifo("fifo")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind("socket")

    def symlinks(self):
        lengths = list(range(1, 5)) + list(range(56, 64)) + [100, 155, 200, 255, 1000, 1023, 2047, 3900]
        if not self.options.small_items:
            lengths += [4094, 4095]
        for length in lengths:
            with optional():
                os.symlink("x" * length, "l%d" % length)
        os.symlink(b"\xff\xfe\n\\ broken", "bytes")

    def links(self):
        """Hard links of a file in one folder and in two by turns, of a symbolic link and of a node."""
        self.write("file", self.data(5000))
        os.mkdir("a")
        os.mkdir("b")
        for i in range(400):
            os.link("file", "%s/%s" % ("ab"[i % 2], "n" * (i % 60) + str(i)))
        os.link("file", "again")
        os.symlink("x", "symlink")
        os.link("symlink", "a/symlink", follow_symlinks=False)
        os.mknod("node", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        os.link("node", "b/node")

    def manylinks(self):
        """More names of one inode in one folder than a btrfs INODE_REF can hold, up to the limit of ext4."""
        self.write("file", b"many names")
        os.mkdir("one")
        for i in range(1999 if self.options.quick else 64999):
            with optional():
                os.link("file", "one/name-%05d" % i)

    def names(self):
        names = [b"a", b"a" * 255, b"\xff" * 255, b"\xc3\x28", b" ", b"with space", b"new\nline", b"back\\slash",
                 b"\x01\x02\x7f", b"...", b"..x", b".x", b"-rf", b"*", "\u00e4\u00f6\u00fc".encode(), b"image",
                 b"ext2_saved"]
        for name in names:
            self.write(name, name)
            os.mkdir(name[:251] + b".dir" if len(name) < 255 else name[:254] + b"D")
        for length in range(1, 256, 9):
            self.write("L" * length + "l"[:255 - length], b"")

    def collisions(self):
        """Names that share one btrfs hash: as many as one 16 KiB node can hold (57), or one of 4 KiB (13)."""
        for name in oslib.colliding_names(13 if self.options.small_items else 57, 255):
            self.write(name, name)

    def deep(self):
        """A path longer than PATH_MAX."""
        back = os.open(".", os.O_RDONLY)
        for depth in range(60):
            name = ("level-%02d-" % depth).ljust(200, "d")
            os.mkdir(name)
            os.chdir(name)
            self.write("leaf", b"%d" % depth)
        os.fchdir(back)
        os.close(back)

    def many(self):
        """A folder of many names, one that was emptied, one that lost most of its names, one that is empty."""
        for folder in ("full", "emptied", "thinned", "empty"):
            os.mkdir(folder)
        for i in range(3000 if self.options.quick else 100000):
            with optional():
                self.write("full/%08x" % (i * 2654435761 & 0xFFFFFFFF), b"")
        for i in range(2000):
            for folder in ("emptied", "thinned"):
                self.write("%s/%s-%d" % (folder, "n" * 100, i), b"")
        for i in range(2000):
            os.unlink("emptied/%s-%d" % ("n" * 100, i))
            if i % 50:
                os.unlink("thinned/%s-%d" % ("n" * 100, i))

    def subdirs(self):
        """Above 65000 directories a parent's link count becomes 1 (dir_nlink) and stays so."""
        for i in range(300 if self.options.quick else 65010):
            with optional():
                os.mkdir("%d" % i)
        if not self.options.quick:
            for i in range(100, 65000):
                with optional():
                    os.rmdir("%d" % i)

    def sizes(self):
        for size in EDGE_SIZES:
            self.write("s%d" % size, self.data(size))
            self.write("z%d" % size, bytes(size))

    def sparse(self):
        for size in (1, 4096, 10485760, 2**31 + 5, 2**42 + 1, 2**44 - 4097):
            with optional():
                with open("hole%d" % size, "wb") as f:
                    f.truncate(size)
            with optional():
                with open("end%d" % size, "wb") as f:
                    f.seek(size - 1)
                    f.write(b"E")
        with open("strides", "wb") as f:
            for i in range(300):
                f.seek(i * 3 * BLOCK)
                f.write(self.data(BLOCK))
            f.truncate(1000 * BLOCK)
        with optional():
            self.write("punched", self.data(64 * BLOCK))
            with open("punched", "r+b") as f:
                for i in range(0, 64, 5):
                    oslib.fallocate(f.fileno(), oslib.FALLOC_PUNCH_HOLE | oslib.FALLOC_KEEP_SIZE, i * BLOCK, BLOCK)

    def prealloc(self):
        cases = [("plain", 0, 0, 1 << 20, []), ("keep", oslib.FALLOC_KEEP_SIZE, 0, 1 << 20, []),
                 ("beyond", oslib.FALLOC_KEEP_SIZE, 0, 1 << 20, [(0, 10000)]),
                 ("middle", 0, 0, 1 << 20, [(400000, 5000)]), ("ends", 0, 0, 1 << 20, [(0, 1), (1048575, 1)]),
                 ("later", 0, 1 << 20, 1 << 18, [(0, 5000)]), ("odd", 0, 0, 123457, []),
                 ("many", 0, 0, 1 << 20, [(i * 3 * BLOCK, BLOCK) for i in range(80)])]
        for name, mode, offset, length, writes in cases:
            with optional():
                with open(name, "wb") as f:
                    oslib.fallocate(f.fileno(), mode, offset, length)
                    for start, size in writes:
                        f.seek(start)
                        f.write(self.data(size))

    def fragments(self):
        """Two files written by turns, so that their blocks alternate on the disk."""
        with open("a", "wb") as a, open("b", "wb") as b:
            for i in range(60 if self.options.quick else 600):
                for f in (a, b):
                    f.write(self.data(BLOCK * (1 + i % 2)))
                    f.flush()
                    os.fsync(f.fileno())

    def xattrs(self):
        sizes = [0, 1, 3, 4, 40, 100, 1000, 3000, 3800]
        if not self.options.small_items:
            sizes += [3900, 3980, 4000, 4030, 5000, 16000, 16200]
        for size in sizes:
            self.write("v%d" % size, b"x")
            with optional():
                os.setxattr("v%d" % size, "user.v", self.data(size))
        self.write("several", b"x")
        for i in range(20):
            with optional():
                os.setxattr("several", "user.name%d" % i, self.data(i * 3))
        self.write("longname", b"x")
        for prefix in ("user.", "trusted."):
            with optional():
                os.setxattr("longname", prefix + "n" * (255 - len(prefix)), b"long")
        self.write("security", b"x")
        for name, value in (("security.selinux", b"system_u:object_r:etc_t:s0\0"),
                            ("security.capability", oslib.CAPABILITY_V2), ("trusted.bytes", bytes(range(256)))):
            with optional():
                os.setxattr("security", name, value)
        self.write("capability3", b"x")
        with optional():
            os.setxattr("capability3", "security.capability", oslib.CAPABILITY_V3)
        os.symlink("nowhere", "link")
        os.mkfifo("fifo")
        for name in ("link", "fifo"):
            with optional():
                os.setxattr(name, "trusted.on-special", b"value", follow_symlinks=False)
                os.setxattr(name, "security.selinux", b"label\0", follow_symlinks=False)
        shared = self.data(2500)
        for i in range(5):
            self.write("shared%d" % i, b"x")
            with optional():
                os.setxattr("shared%d" % i, "user.shared", shared)
        for name in ("/", "/lost+found"):
            if os.path.exists(self.top + name):
                for key in ("user.top", "trusted.top", "security.selinux"):
                    with optional():
                        os.setxattr(self.top + name, key, key.encode())

    def acls(self):
        for nr_users in (1, 44):
            self.write("f%d" % nr_users, b"x")
            os.mkdir("d%d" % nr_users)
            with optional():
                os.setxattr("f%d" % nr_users, "system.posix_acl_access", oslib.acl_sample(nr_users))
                os.setxattr("d%d" % nr_users, "system.posix_acl_access", oslib.acl_sample(nr_users))
                os.setxattr("d%d" % nr_users, "system.posix_acl_default", oslib.acl_sample(nr_users))
            self.write("d%d/inherits" % nr_users, b"x")
            os.mkdir("d%d/inherits-too" % nr_users)

    def flags(self):
        """Every flag that chattr can set, alone and together."""
        values = (1, 2, 8, 0x20, 0x40, 0x80, 4, 0x4000, 0x8000, 0x20000, 0x10000, 0x400)
        for letter, value in zip("suSadAcjtTDm", values):
            self.write("f" + letter, b"flags")
            os.mkdir("d_" + letter)
            for name in ("f" + letter, "d_" + letter):
                with optional():
                    oslib.add_flags(name, value)
        self.write("immutable", b"flags")
        self.write("all", b"flags")
        with optional():
            oslib.add_flags("immutable", 0x10)
            oslib.add_flags("all", 0x8 | 0x10 | 0x20 | 0x40 | 0x80)

    def holes_in_inodes(self):
        """Free inodes and blocks between used ones."""
        for i in range(500):
            self.write("%d" % i, self.data(6000))
        for i in range(0, 500, 3):
            os.unlink("%d" % i)

    def large(self):
        """Crosses the superblock mirror at 64 MiB and several groups."""
        with open("file", "wb") as f:
            for _ in range(80):
                f.write(self.data(1 << 20))

    def run(self):
        os.umask(0o022)
        parts = self.parts()
        self.top = os.getcwd()
        for name in parts:
            if self.options.only and name not in self.options.only or name in self.options.skip:
                continue
            os.chdir(self.top)
            os.mkdir(name)
            os.chdir(name)
            getattr(self, name)()
        os.chdir("/")
        os.sync()

    @staticmethod
    def parts():
        return ["times", "owners", "nodes", "symlinks", "links", "manylinks", "names", "collisions", "deep", "many",
                "subdirs", "sizes", "sparse", "prealloc", "fragments", "xattrs", "acls", "holes_in_inodes", "large",
                "flags"]


def main():
    parser = argparse.ArgumentParser(description="Fill a mounted ext file system with what conversions must carry.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--small-items", action="store_true")
    parser.add_argument("--only", action="append", default=[], choices=Populate.parts())
    parser.add_argument("--skip", action="append", default=[], choices=Populate.parts())
    parser.add_argument("dir")
    options = parser.parse_args()
    os.chdir(options.dir)
    Populate(options).run()


if __name__ == "__main__":
    main()
