#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Runs fsconvert as it is shipped on a device of QEMU: a FUSE export of qemu-storage-daemon. No code of ours is then
between the program and the disk.

    outside.py record --base IMAGE --done COPY --log LOG --work DIRECTORY [ARGUMENT...]
        runs it on a copy of the image; the driver blklogwrites writes all writes and flushes to LOG

    outside.py faults --base IMAGE --log LOG --verb VERB --source EXT --unwritten RANGES [--btrfs IMAGE] --work ...
        as faults.py: the driver blkdebug lets one write or flush, or all from one on, fail with EIO or ENOSPC, and
        kill -9 comes at random moments
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

import faults
import judge
import sweep
from export import export, logged


def record(options):
    sweep.copy(options.base, options.done)
    with logged(options.done, options.log, options.work) as path:
        done = judge.run(options.fsconvert, *options.arguments, path)
    if done.returncode:
        raise SystemExit("fsconvert ends with %d: %s" % (done.returncode, done.stdout))


class Outside(faults.Faults):
    """A fault is EVENT:NUMBER:ERRNO:once or :on, or kill:SECONDS."""

    EVENTS = {"write": "pwritev", "flush": "flush_to_disk"}

    def cases(self):
        rng = random.Random(self.options.seed)
        writes = sum(len(epoch) for epoch in self.epochs)
        late = range(max(1, writes - self.options.late), writes + 1)
        chosen = rng.sample(range(1, late[0] + 1), min(late[0], self.options.before))
        chosen += rng.sample(late, min(len(late), self.options.count))
        for number in sorted(set(chosen)):
            yield "write:%d:%d:%s" % (number, rng.choice((5, 28)), rng.choice(("once", "on")))
        for number in range(1, len(self.epochs) + 1):
            yield "flush:%d:5:%s" % (number, rng.choice(("once", "on")))
        usual = self.duration()
        for _ in range(self.options.kills):
            yield "kill:%.4f" % (usual * rng.choice((rng.uniform(0, 1.1), rng.uniform(0.8, 1.05))))

    def is_plain(self, fault):
        return fault.startswith("write") and fault.endswith("once")

    def duration(self):
        """How long the run takes on such a device."""
        sweep.copy(self.options.base, self.path)
        with export(self.path, self.options.work, "driver=raw,file=disk,node-name=top") as path:
            start = time.monotonic()
            judge.run(self.options.fsconvert, *faults.VERBS[self.options.verb], path)
            return time.monotonic() - start

    def rules(self, event, number, errno, once):
        path = os.path.join(self.options.work, "blkdebug")
        with open(path, "w", encoding="ascii") as f:
            for state in range(1, number):
                print('[set-state]\nstate = "%d"\nevent = "%s"\nnew_state = "%d"' %
                      (state, self.EVENTS[event], state + 1), file=f)
            for name in [self.EVENTS[event]] if once else self.EVENTS.values():
                print('[inject-error]\nstate = "%d"\nevent = "%s"\nerrno = "%d"\nonce = "%s"' %
                      (number, name, errno, "on" if once else "off"), file=f)
        # the driver above is the one that announces a flush
        return ("driver=blkdebug,node-name=debug,image=disk,config=%s" % path, "driver=raw,node-name=top,file=debug")

    def run_tool(self, arguments, fault=None):
        if not fault:
            return super().run_tool(arguments)
        if fault.startswith("kill:"):
            return self.run_killed(arguments, float(fault[5:]))
        event, number, errno, how = fault.split(":")
        rules = self.rules(event, int(number), int(errno), how == "once")
        with export(self.path, self.options.work, *rules) as path:
            return self.finished([self.options.fsconvert] + arguments + [path])

    @staticmethod
    def finished(command):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=120, check=False)

    def run_killed(self, arguments, seconds):
        with export(self.path, self.options.work, "driver=raw,file=disk,node-name=top") as path:
            command = [self.options.fsconvert] + arguments + [path]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
                time.sleep(seconds)
                program.send_signal(signal.SIGKILL)
                status = program.wait()
        return subprocess.CompletedProcess(command, status, b"")

    def after(self, fault, found):
        """Back on its feet, the machine tries again; that must work."""
        origin = "btrfs" if self.options.verb == "rollback" else "ext4"
        if self.options.verb in ("resume", "undo") or found != origin or self.counts["tried"] % self.options.again:
            return
        done = self.run_tool(faults.VERBS[self.options.verb])
        now = self.verdict()
        if done.returncode or now == origin or now not in ("ext4", "btrfs"):
            self.complain("lost", fault, "another try ends with %d and leaves: %s\n%s" %
                          (done.returncode, now, done.stdout.decode(errors="replace")))


def main():
    parser = argparse.ArgumentParser(description="Runs fsconvert on a device of QEMU.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("record")
    command.add_argument("--base", required=True)
    command.add_argument("--done", required=True)
    command.add_argument("--log", required=True)
    command.add_argument("--work", required=True)
    command.add_argument("--fsconvert", default="build/fsconvert")
    command.add_argument("arguments", nargs="*")
    command.set_defaults(run=record)
    command = commands.add_parser("faults")
    sweep.common_options(command)
    command.add_argument("--verb", choices=sorted(faults.VERBS), required=True)
    command.add_argument("--before", type=int, default=3, help="early writes that fail")
    command.add_argument("--count", type=int, default=12, help="late writes that fail")
    command.add_argument("--late", type=int, default=45, help="so many of the last writes are late")
    command.add_argument("--kills", type=int, default=10)
    command.add_argument("--again", type=int, default=3, help="one of so many runs that failed early is tried again")
    command.add_argument("--fault", help="one fault, by its name")
    command.set_defaults(run=lambda options: Outside(options).run())
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    sys.exit(options.run(options))


if __name__ == "__main__":
    main()
