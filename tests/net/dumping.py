"""dumping.py - `longwire dump` running beside a test, and what it wrote

Layer: test harness. The pcapng reader knows what `longwire dump` writes and complains of anything else.
"""

import contextlib
import signal
import struct
import subprocess

from netns import end, wait_for

STARTED_LIMIT_S = 30
END_LIMIT_S = 30
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
MAGIC = 0x1A2B3C4D
COMMENT = 1
INTERFACE_NAME, INTERFACE_DESCRIPTION, INTERFACE_RESOLUTION = 2, 3, 9
FLAGS, LOST = 2, 4


class Dump:
    """longwire dump of an agent; standard output and error go to files."""

    def __init__(self, agent, path, *arguments):
        self.out, self.err = str(path) + ".out", str(path) + ".err"
        command = [*agent.prefix, agent.binary, "-C", agent.folder, "dump", *arguments]
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = agent.host.start(*command, stdout=out, stderr=err)
        # it says so once the agent has taken it
        wait_for(lambda: "folder: " in self.said(), STARTED_LIMIT_S, self.said)

    def said(self):
        """What is on standard error so far."""
        with open(self.err, encoding="utf-8", errors="replace") as err:
            return err.read()

    def text(self):
        """What is on standard output so far."""
        with open(self.out, encoding="utf-8", errors="replace") as out:
            return out.read()

    def shows(self, match, timeout_s=STARTED_LIMIT_S):
        """Wait for a line that has @match in it; that line."""
        wait_for(lambda: match in self.text(), timeout_s, self.text)
        return next(line for line in self.text().splitlines() if match in line)

    def interrupt(self):
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(END_LIMIT_S)

    def close(self):
        """Whatever became of it."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        end(self.process)


@contextlib.contextmanager
def dumping(agent, path, *arguments):
    """A Dump that ends with the block."""
    dump = Dump(agent, path, *arguments)
    try:
        yield dump
    finally:
        dump.close()


def read_options(data):
    """{code: [bytes]} of a block's options."""
    options, at = {}, 0
    while at < len(data):
        code, length = struct.unpack_from(">HH", data, at)
        if code == 0:
            assert length == 0 and at + 4 == len(data), "something behind the end of the options"
            return options
        assert at + 4 + length <= len(data), "an option that leaves its block"
        options.setdefault(code, []).append(data[at + 4 : at + 4 + length])
        at += 4 + (length + 3) // 4 * 4
    assert not data, "options without an end"
    return options


def blocks(data):
    """(type, body) of each block of a pcapng file."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from(">II", data, at)
        assert length % 4 == 0 and length >= 12 and at + length <= len(data), "a length that is none"
        assert struct.unpack_from(">I", data, at + length - 4)[0] == length, "two lengths"
        yield kind, data[at + 8 : at + length - 4]
        at += length


class Packet:
    """One frame of a pcapng file."""

    def __init__(self, body, interfaces):
        number, self.time_ns, kept, length = struct.unpack_from(">IQII", body)
        assert kept == length
        self.interface = interfaces[number]
        self.frame = body[20 : 20 + kept]
        options = read_options(body[20 + (kept + 3) // 4 * 4 :])
        self.comment = options[COMMENT][0].decode()
        self.direction = {1: "in", 2: "out"}[struct.unpack(">I", options[FLAGS][0])[0]]
        self.lost = struct.unpack(">Q", options[LOST][0])[0] if LOST in options else 0


def read_interface(body):
    """(name, description) of an interface."""
    assert struct.unpack_from(">HHI", body) == (1, 0, 0)  # Ethernet, without a limit of length
    options = read_options(body[8:])
    assert options[INTERFACE_RESOLUTION] == [b"\x09"]
    return options[INTERFACE_NAME][0].decode(), options[INTERFACE_DESCRIPTION][0].decode()


def read_pcapng(path):
    """All packets of a file; anything that the format does not allow fails."""
    with open(path, "rb") as file:
        data = file.read()
    interfaces, packets = [], []
    for index, (kind, body) in enumerate(blocks(data)):
        assert (kind == SECTION) == (index == 0)
        if kind == SECTION:
            assert struct.unpack_from(">IHHq", body) == (MAGIC, 1, 0, -1)
            read_options(body[16:])
        elif kind == INTERFACE:
            interfaces.append(read_interface(body))
        else:
            assert kind == PACKET
            packets.append(Packet(body, interfaces))
    return packets


def tcpdump_reads(path, *arguments):
    """What the real tcpdump says of a file."""
    command = ["tcpdump", "-r", str(path), "-nn", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
