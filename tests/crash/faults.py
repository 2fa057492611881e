#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Runs the debug build while its device fails: EIO from a write, flush or read on, writes that are lost from a moment on
(whole or torn), and SIGKILL.

    faults.py --base IMAGE --log LOG --verb VERB --source EXT --unwritten RANGES [--btrfs IMAGE] --work DIRECTORY [...]

VERB is convert, rollback, resume or undo. IMAGE is the device before, LOG the writes of the same run without faults.
A btrfs is compared with that of --btrfs; without it (two conversions differ) btrfs check and the kernel judge it.
The exit status must say what is on the disk: 1 and 3 the old file system, 0 the new one, 4 that a resume is needed and
will do. After a cut it is the disk alone that is judged. Then fsconvert --resume is run, which must leave one file
system, whole. The last line counts as that of sweep.py does.
"""
import argparse
import os
import random
import subprocess

import judge
import sweep
import writelog

VERBS = {"convert": [], "rollback": ["-r"], "resume": ["--resume"], "undo": ["--resume", "--undo"]}


class Faults(sweep.Counter):
    def __init__(self, options):
        super().__init__(options)
        self.epochs = writelog.read_log(options.log)
        self.path = os.path.join(options.work, "device")
        sweep.copy(options.base, self.path)
        self.image = judge.Image(self.path)
        self.mountpoint = os.path.join(options.work, "mnt")
        os.makedirs(self.mountpoint, exist_ok=True)
        self.old = judge.Old(options.source, options.unwritten, [])
        self.kernel = judge.Kernel(self.mountpoint, 0)
        self.new = None
        if options.btrfs:
            written = [(at, at + len(data)) for writes in self.epochs for at, data in writes]
            record = judge.record_of(self.epochs, self.image)
            self.new = judge.New(options.btrfs, written, judge.homes(self.image, record), record)
        elif self.kernel.learn("ext4", options.source):
            self.kernel.wanted["btrfs"] = self.kernel.wanted["ext4"]
        else:
            raise SystemExit("the source is not sound")

    def cases(self):
        """The faults to try: all from the record on, a choice of those before."""
        writes = [i for i, epoch in enumerate(self.epochs) for _ in epoch]
        first = next((i for i, epoch in enumerate(self.epochs) if judge.record_in([epoch]) is not None), 0)
        before = sum(1 for i in writes if i < first)
        rng = random.Random(self.options.seed)
        early = sorted(rng.sample(range(1, before + 1), min(before, self.options.before)))
        late = range(before + 1, len(writes) + 2)
        if len(late) > self.options.count:
            # the long runs of zeros and of H are alike
            late = sorted(set(late[:6]) | set(late[-4:]) | set(rng.sample(late, self.options.count)))
        for number in early + list(late):
            for kind in ("fail_write=%d", "cut_write=%d", "cut_write=%d,torn", "kill_write=%d"):
                yield kind % number
        for number in range(1, len(self.epochs) + 2):
            yield "fail_flush=%d" % number
        for number in rng.sample(range(1, 60), self.options.reads):
            yield "fail_read=%d" % number

    def verdict(self):
        probe = judge.Probe(self.image)
        if probe.armed:
            return "armed"
        if probe.ext and not probe.btrfs:
            return "none" if self.old.difference(self.image, True) is not None else "ext4"
        if not probe.btrfs or probe.ext:
            return "none"
        if self.new:
            return "none" if self.new.difference(self.image, True) is not None else "btrfs"
        text = self.kernel.complaint("btrfs", self.path)
        if text:
            print(text)
        return "none" if text else "btrfs"

    def run_tool(self, arguments, fault=None):
        options = self.options
        environment = dict(os.environ)
        if fault:
            environment["FSCONVERT_FAULT"] = fault
        return subprocess.run([options.debug if fault else options.fsconvert] + arguments + [self.path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              env=environment, timeout=120, check=False)

    def is_plain(self, fault):
        """A write fails and no flush, so that there is no doubt what is on the disk."""
        return fault.startswith("fail_write")

    def check_status(self, fault, done, found):
        """Does the exit status say what is on the disk?"""
        verb = self.options.verb
        if fault.startswith("kill"):
            return done.returncode in (-9, 0)
        if fault.startswith("cut"):
            return done.returncode in (0, 1, 3, 4)
        origin = {"convert": "ext4", "rollback": "btrfs"}.get(verb)
        if done.returncode == 4 and found not in ("armed", origin) and self.is_plain(fault):
            return False
        if verb in ("resume", "undo"):
            return done.returncode in (0, 1, 4) and (done.returncode != 0 or found in ("ext4", "btrfs"))
        if done.returncode == 0:
            return found == ("btrfs" if verb == "convert" else "ext4")
        if done.returncode in (1, 3):
            return found == ("ext4" if verb == "convert" else "btrfs")
        return done.returncode == 4

    def one(self, fault):
        sweep.copy(self.options.base, self.path)
        self.counts["tried"] += 1
        done = self.run_tool(VERBS[self.options.verb], fault)
        found = self.verdict()
        if not self.check_status(fault, done, found):
            return self.complain("lost", fault, "the exit status is %d, on the disk is: %s\n%s" %
                                 (done.returncode, found, done.stdout.decode(errors="replace")))
        if found == "armed":
            done = self.run_tool(["--resume"])
            found = self.verdict() if done.returncode == 0 else "still armed"
            kind = "resumed"
        elif self.options.verb in ("resume", "undo"):
            kind = "resumed" if self.options.verb == "resume" else "undone"
        else:
            kind = "new" if (found == "btrfs") == (self.options.verb == "convert") else "old"
        if found not in ("ext4", "btrfs"):
            return self.complain("lost", fault, "after the resume (status %d) there is: %s\n%s" %
                                 (done.returncode, found, done.stdout.decode(errors="replace")))
        self.counts[kind] += 1
        if self.options.verbose:
            print("%s: %s" % (fault, kind))
        return self.after(fault, found)

    def after(self, fault, found):
        """For what follows a run that left one file system, whole."""

    def run(self):
        for fault in [self.options.fault] if self.options.fault else self.cases():
            self.one(fault)
        self.finish(self.counts["tried"] > 0)


def main():
    parser = argparse.ArgumentParser(description="Runs while the device fails.")
    sweep.common_options(parser)
    parser.add_argument("--verb", choices=sorted(VERBS), required=True)
    parser.add_argument("--before", type=int, default=3, help="writes before the record that fail")
    parser.add_argument("--count", type=int, default=12, help="writes from the record on that fail, if not all")
    parser.add_argument("--reads", type=int, default=6)
    parser.add_argument("--fault", help="one fault, by its name")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    Faults(options).run()


if __name__ == "__main__":
    main()
