# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls and formats that the generators need and Python does not have: fallocate, inode flags, ACL values,
file capabilities, unused bytes of names that give a wanted crc32c."""
import ctypes
import errno
import fcntl
import os
import random
import struct

FALLOC_KEEP_SIZE = 1
FALLOC_PUNCH_HOLE = 2
FS_IOC_GETFLAGS = 0x80086601
FS_IOC_SETFLAGS = 0x40086602

libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong]


def fallocate(fd, mode, offset, length):
    if libc.fallocate(fd, mode, offset, length) != 0:
        err = ctypes.get_errno()
        raise OSError(err, os.strerror(err))


def add_flags(path, flags):
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        old = struct.unpack("<L", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(8))[:4])[0]
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("<Q", old | flags))
    finally:
        os.close(fd)


# --- POSIX ACLs and capabilities ---

ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_GROUP, ACL_MASK, ACL_OTHER = 1, 2, 4, 8, 16, 32
ACL_NO_ID = 0xFFFFFFFF


def acl(entries):
    """entries: (tag, permissions, id) in canonical order; the value of system.posix_acl_*."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def acl_sample(nr_users):
    users = [(ACL_USER, i % 8, 1000 + i) for i in range(nr_users)]
    return acl([(ACL_USER_OBJ, 7, ACL_NO_ID)] + users +
               [(ACL_GROUP_OBJ, 5, ACL_NO_ID), (ACL_GROUP, 4, 70000), (ACL_MASK, 5, ACL_NO_ID),
                (ACL_OTHER, 1, ACL_NO_ID)])


CAPABILITY_V2 = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
CAPABILITY_V3 = struct.pack("<IIIIII", 0x03000001, 1 << 13, 0, 0, 0, 100000)

# --- crc32c ---

CRC_TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC_TABLE.append(value)
CRC_BY_TOP = {entry >> 24: index for index, entry in enumerate(CRC_TABLE)}
NAME_SEED = 0xFFFFFFFE  # of the hash of btrfs directory entries


def crc_update(crc, data):
    for byte_value in data:
        crc = CRC_TABLE[(crc ^ byte_value) & 255] ^ crc >> 8
    return crc


def crc_suffix(crc, target):
    """The four bytes that turn the state crc into target."""
    for _ in range(4):
        index = CRC_BY_TOP[target >> 24]
        target = ((target ^ CRC_TABLE[index]) << 8 & 0xFFFFFFFF) | index
    return struct.pack("<I", target ^ crc)


def colliding_names(count, length, target=0x12345678):
    """count different names of length bytes whose btrfs hash is target."""
    rng = random.Random(1729 + length)
    alphabet = bytes(range(ord("a"), ord("z") + 1))
    names = []
    while len(names) < count:
        prefix = bytes(rng.choice(alphabet) for _ in range(length - 4))
        suffix = crc_suffix(crc_update(NAME_SEED, prefix), target)
        if b"\0" not in suffix and b"/" not in suffix and prefix + suffix not in names:
            assert crc_update(NAME_SEED, prefix + suffix) == target
            names.append(prefix + suffix)
    return names


# --- tolerance ---

UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EFBIG, errno.ENOSPC, errno.EMLINK, errno.EPERM, errno.E2BIG,
               errno.ERANGE, errno.ENAMETOOLONG, errno.EINVAL)


class optional:  # pylint: disable=invalid-name
    """A block that the file system may refuse: what it does not support is left out."""

    def __enter__(self):
        return self

    def __exit__(self, kind, err, trace):
        return isinstance(err, OSError) and err.errno in UNSUPPORTED
