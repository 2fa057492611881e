#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Runs a command and appends one line to a file: wall seconds, CPU seconds (user and system), peak resident KiB, exit
status. The command's output goes to LOG.

    measure.py RESULT LOG COMMAND...
"""
import os
import subprocess
import sys
import time


def main():
    result, log = sys.argv[1:3]
    with open(log, "wb") as out:
        start = time.monotonic()
        child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    with open(result, "a", encoding="ascii") as f:
        f.write("%.3f %.3f %d %d\n" % (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, child.returncode))
    sys.exit(child.returncode != 0)


if __name__ == "__main__":
    main()
