"""Runs a program on a pseudo-terminal of its own and follows a script of steps from stdin.

Steps, one JSON array a line: ["expect", text] waits for text in what was written since
the last match; ["send", text] types; ["signal", name] signals
the program; ["resize", rows, columns].
Writes one JSON object: output, code, isRestored.
"""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE_S = 20


def set_size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def start(arguments, slave):
    pid = os.fork()
    if pid > 0:
        return pid
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in range(3):
        os.dup2(slave, descriptor)
    os.closerange(3, 256)
    os.execvp(arguments[0], arguments)


class Terminal:
    def __init__(self, master):
        self.master = master
        self.output = b""
        self.seen = 0

    def read(self, deadline):
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        self.output += os.read(self.master, 65536)
        return True

    def expect(self, text):
        deadline = time.monotonic() + PATIENCE_S
        while (at := self.output.find(text, self.seen)) == -1:
            if not self.read(deadline):
                raise SystemExit(f"no {text!r} in {self.output[self.seen:]!r}")
        self.seen = at + len(text)


def main():
    steps = [json.loads(line) for line in sys.stdin if line.strip()]
    master, slave = pty.openpty()
    set_size(master, 24, 80)
    before = termios.tcgetattr(slave)
    pid = start(sys.argv[1:], slave)
    terminal = Terminal(master)
    for step, *values in steps:
        if step == "expect":
            terminal.expect(values[0].encode())
        elif step == "send":
            os.write(master, values[0].encode())
        elif step == "signal":
            os.kill(pid, getattr(signal, values[0]))
        elif step == "resize":
            set_size(master, *values)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        terminal.read(min(deadline, time.monotonic() + 0.05))
        if time.monotonic() > deadline:
            os.kill(pid, 9)
            raise SystemExit(f"the program goes on after {terminal.output[terminal.seen:]!r}")
    while terminal.read(time.monotonic()):
        pass
    print(
        json.dumps(
            {
                "output": terminal.output.decode(errors="replace"),
                "code": os.waitstatus_to_exitcode(status),
                "isRestored": termios.tcgetattr(slave) == before,
            }
        )
    )


main()
