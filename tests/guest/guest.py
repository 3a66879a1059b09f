"""guest.py - real QEMU machines, commanded over their serial console

Layer: test harness. Software emulation only: it works everywhere, and a boot takes seconds.
"""

import os
import re
import selectors
import subprocess
import time

QEMU = "qemu-system-x86_64"
BOOT_LIMIT_S = 120  # about four seconds on an idle machine
COMMAND_LIMIT_S = 60
LINE_END = re.compile("\n")
READY = re.compile(r"^=ready (\S+)\n", re.M)

# What deploy/quickstart prints, word for word; test_quickstart.py compares.
NETDEV = "socket,id=lw,mcast=230.0.0.1:33000,localaddr=127.0.0.1"
PLAIN_NETDEV = "socket,id=lw,mcast=230.0.0.1:33000"  # QEMU's manual page


def kernel(image):
    """The kernel that starts soonest here: see image."""
    unpacked = os.path.join(image, "vmlinux")
    return unpacked if os.path.exists(unpacked) else os.path.join(image, "vmlinuz")


class Guest:
    """One machine on a host (a Namespace); ends with the lab at the latest."""

    # pylint: disable-next=too-many-arguments
    def __init__(
        self, host, image, address, mac, nic="e1000", netdev=NETDEV, extra=(), program=(QEMU,),
        pass_fds=(),
    ):
        """@mac None: one that it gets elsewhere; @netdev None: its cards are in @extra; @program:
        how QEMU is started."""
        self.address = address
        self.mac = mac
        self.text = ""
        self.number = 0
        # An emulated timer that ticks late on a busy computer is no broken one (IO-APIC + timer).
        append = "console=ttyS0 quiet panic=-1 no_timer_check"
        append += f" guest_ip={address}/24" if address else ""
        command = [*program, "-machine", "pc,accel=tcg", "-m", "128", "-nodefaults", "-no-reboot"]
        command += ["-display", "none", "-serial", "stdio"]
        command += ["-kernel", kernel(image)]
        command += ["-initrd", os.path.join(image, "initrd"), "-append", append]
        if netdev:
            command += ["-netdev", netdev, "-device", f"{nic},netdev=lw,mac={mac}"]
        self.is_alone = len(program) == 1
        self.process = host.start(
            *command, *extra, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=pass_fds,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def _read_until(self, pattern, limit_s):
        """Read the console until @pattern, remove the text up to its end, return the match."""
        deadline = time.monotonic() + limit_s
        while not (match := pattern.search(self.text)):
            rest = deadline - time.monotonic()
            if rest <= 0:
                raise TimeoutError(f"no {pattern.pattern} in {limit_s} s: {self.text}")
            self.selector.select(rest)
            data = self.process.stdout.read()
            assert data != b"", f"{self.mac}: QEMU ended: {self.text}"
            self.text += (data or b"").decode(errors="replace").replace("\r", "")
        before, self.text = self.text[: match.start()], self.text[match.end() :]
        return match, before

    def lines(self, limit_s):
        """Each line that the console says, as it comes, until @limit_s are over."""
        deadline = time.monotonic() + limit_s
        while (rest := deadline - time.monotonic()) > 0:
            try:
                _, line = self._read_until(LINE_END, rest)
            except TimeoutError:
                return
            yield line

    def boot(self):
        """Wait until it has booted; its NIC has the MAC that it was given, if we know one."""
        match, _ = self._read_until(READY, BOOT_LIMIT_S)
        assert self.mac in (None, match[1])
        self.mac = match[1]
        return self

    def begin(self, command):
        """Start a command; finish() waits for it. One at a time."""
        self.number += 1
        self.process.stdin.write(f"{self.number} {command}\n".encode())
        self.process.stdin.flush()

    def says(self, line, limit_s=COMMAND_LIMIT_S):
        """Wait for a line of the command begun last."""
        self._read_until(re.compile(rf"^{re.escape(line)}\n", re.M), limit_s)

    def finish(self, limit_s=COMMAND_LIMIT_S):
        """The exit status and output of the command begun last."""
        pattern = re.compile(rf"^={self.number} (\d+)\n", re.M)
        match, output = self._read_until(pattern, limit_s)
        return int(match[1]), output.strip()

    def run(self, command, limit_s=COMMAND_LIMIT_S):
        """Run a command to its end; it must succeed. Its output."""
        self.begin(command)
        status, output = self.finish(limit_s)
        assert status == 0, f"{self.mac}: {command}: exit {status}: {output}"
        return output

    def qemu_pid(self):
        """The process of QEMU, also where another program has started it."""
        if self.is_alone:
            return self.process.pid
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as children:
            return int(children.read().split()[0])

    def signal(self, number):
        """A signal to QEMU itself."""
        os.kill(self.qemu_pid(), number)

    def close(self):
        """Pull the plug; a program in front of QEMU is to do so."""
        if self.is_alone:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(COMMAND_LIMIT_S)
        self.selector.close()


def pings(one, other, limit_s=30):
    """Does @other answer a ping of @one? Tries for @limit_s: the first ones may meet ARP."""
    return "1 packets received" in one.run(
        f"for i in $(seq {limit_s}); do ping -c1 -W1 {other.address} && exit 0; done; exit 1"
    )


def sends_by_tcp(one, other, kib=512):
    """Send random bytes from @one to @other over TCP; every guest answers with their checksum."""
    script = f"dd if=/dev/urandom of=/tmp/data bs=1024 count={kib} 2>/dev/null;"
    script += f"sha256sum </tmp/data; nc {other.address} 5001 </tmp/data"
    sent, received = one.run(script, limit_s=180).splitlines()
    assert sent == received


def who_answers(*askers, seconds=3):
    """Who answers broadcasts over UDP and IPX, for each of @askers, all at once: the lines that
    peer prints, sorted."""
    for one in askers:
        one.begin(f"peer ask-udp eth0 {seconds} & peer ask-ipx eth0 {seconds}; wait")
    return [sorted(set(one.finish()[1].splitlines())) for one in askers]


def answers_of(*guests):
    """What they answer: who_answers() of somebody whom they all hear."""
    udp = [f"answer udp {guest.address}" for guest in guests]
    ipx = [f"answer ipx-{kind} {g.mac}" for g in guests for kind in ("802.3", "ethernet-ii")]
    return sorted(udp + ipx)
