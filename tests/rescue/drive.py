#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sits at the terminal of an emulated machine: reads its screen and presses keys.

    drive.py SOCKET < STEPS

SOCKET is the serial line, a Unix socket that waits for us. Steps, one a line:

    see [SECONDSs] REGEX    wait until the screen shows it (^ and $ match at each row)
    hear [SECONDSs] REGEX   wait until it has come, whether it is still on the screen or not, since the last step of
                            either kind
    key NAME...             press keys: up, down, enter, escape, interrupt, or a character
    type TEXT               type it, and Enter
    pause SECONDS           wait: what asks for passphrases forgets keys pressed just then
    gone [SECONDSs]         wait until the machine has turned itself off
    # comment

60 seconds when they are left out. When a step cannot be done, the screen is printed and the exit status is 1.
"""
import re
import socket
import sys
import time

KEYS = {'up': b'\x1b[A', 'down': b'\x1b[B', 'enter': b'\r', 'escape': b'\x1b', 'interrupt': b'\x03', 'space': b' '}
# that of UEFI, and more than any other needs
ROWS, COLUMNS = 31, 100
SEQUENCE = re.compile(r'\x1b(\[[0-?]*[ -/]*[@-~]|[()].|[^\[()])')


class Screen:
    """As much of a VT100 as the machine's programs use."""

    def __init__(self):
        self.rows = [[' '] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.rest = ''

    def text(self):
        return '\n'.join(''.join(row).rstrip() for row in self.rows)

    def feed(self, text):
        text = self.rest + text
        self.rest = ''
        at = 0
        while at < len(text):
            if text[at] != '\x1b':
                self.put(text[at])
                at += 1
                continue
            found = SEQUENCE.match(text, at)
            if not found:
                # the end of it has not come yet
                self.rest = text[at:]
                return
            self.control(found.group(1))
            at = found.end()

    def put(self, char):
        if char == '\r':
            self.column = 0
        elif char == '\n':
            self.down()
        elif char == '\b':
            self.column = max(self.column - 1, 0)
        elif char >= ' ':
            if self.column == COLUMNS:
                self.column = 0
                self.down()
            self.rows[self.row][self.column] = char
            self.column += 1

    def down(self):
        self.row += 1
        if self.row == ROWS:
            self.row -= 1
            self.rows = self.rows[1:] + [[' '] * COLUMNS]

    def control(self, sequence):
        numbers = [int(number) for number in re.findall(r'\d+', sequence)]
        first = numbers[0] if numbers else 0
        kind = sequence[-1]
        if kind == 'H':
            self.row = min(max(first, 1), ROWS) - 1
            self.column = min(max(numbers[1] if len(numbers) > 1 else 1, 1), COLUMNS) - 1
        elif kind == 'J':
            self.clear(first)
        elif kind == 'K':
            self.rows[self.row][self.column:] = [' '] * (COLUMNS - self.column)
        elif kind == 'A':
            self.row = max(self.row - max(first, 1), 0)
        elif kind == 'B':
            self.row = min(self.row + max(first, 1), ROWS - 1)
        elif kind == 'C':
            self.column = min(self.column + max(first, 1), COLUMNS - 1)
        elif kind == 'D':
            self.column = max(self.column - max(first, 1), 0)

    def clear(self, what):
        if what == 0:
            self.rows[self.row][self.column:] = [' '] * (COLUMNS - self.column)
            for row in range(self.row + 1, ROWS):
                self.rows[row] = [' '] * COLUMNS
        elif what == 2:
            self.rows = [[' '] * COLUMNS for _ in range(ROWS)]


class Machine:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.connect(path)
        self.socket.settimeout(0.2)
        self.screen = Screen()
        self.heard = ''
        self.off = False

    def connect(self, path):
        for _ in range(100):
            try:
                self.socket.connect(path)
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit('drive: no machine at the socket')

    def read(self):
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            return
        except ConnectionError:
            data = b''
        if not data:
            self.off = True
            return
        text = data.decode('utf-8', 'replace')
        self.heard += SEQUENCE.sub('', text)
        self.screen.feed(text)

    def wait(self, seconds, done):
        end = time.monotonic() + seconds
        while not done():
            if self.off or time.monotonic() > end:
                return done()
            self.read()
        return True

    def see(self, seconds, pattern):
        pattern = re.compile(pattern, re.MULTILINE)
        if not self.wait(seconds, lambda: pattern.search(self.screen.text())):
            return False
        self.heard = ''
        return True

    def hear(self, seconds, pattern):
        pattern = re.compile(pattern)
        if not self.wait(seconds, lambda: pattern.search(self.heard)):
            return False
        self.heard = self.heard[pattern.search(self.heard).end():]
        return True

    def press(self, keys):
        # firmware loses what comes too fast
        for key in keys:
            self.socket.sendall(KEYS.get(key) or key.encode())
            time.sleep(0.03)


def step(machine, line):
    name, _, rest = line.partition(' ')
    if name == 'key':
        machine.press(rest.split())
    elif name == 'pause':
        time.sleep(float(rest))
    elif name == 'type':
        machine.press(list(rest) + ['enter'])
    elif name in ('see', 'hear', 'gone'):
        found = re.match(r'(\d+)s ?(.*)', rest)
        seconds, pattern = (int(found.group(1)), found.group(2)) if found else (60, rest)
        if name == 'gone':
            return machine.wait(seconds, lambda: machine.off)
        return getattr(machine, name)(seconds, pattern)
    else:
        raise SystemExit('drive: no step ' + name)
    return True


def main():
    machine = Machine(sys.argv[1])
    for line in sys.stdin:
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        begun = time.monotonic()
        if not step(machine, line):
            print(f'drive: not done: {line}\n--- the screen:\n{machine.screen.text().rstrip()}\n---')
            return 1
        print(f'    {time.monotonic() - begun:4.0f} s  {line}', flush=True)
    return 0


sys.exit(main())
