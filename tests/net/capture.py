"""capture.py - what crosses a wire: tcpdump around a piece of a test

Layer: test harness.
"""

import os
import struct
import subprocess

from netns import end, wait_for

PCAP_HEADER_BYTES = 24
RECORD = struct.Struct("<IIII")
START_LIMIT_S = 20


class Capture:
    """Captures one device of a namespace while the block runs; then packets() has it all."""

    def __init__(self, host, path, device="eth0", match=""):
        self.host = host
        self.path = str(path)
        self.device = device
        self.match = match
        self.process = None

    def __enter__(self):
        command = ["tcpdump", "-i", self.device, "-U", "-B", "32768", "-w", self.path]
        command += ["--immediate-mode", "-Z", "root", *self.match.split()]
        self.process = self.host.start(*command, stderr=subprocess.DEVNULL)
        wait_for(self._listening, START_LIMIT_S, "tcpdump writes its header")
        return self

    def __exit__(self, *_):
        end(self.process)

    def _listening(self):
        return os.path.exists(self.path) and os.path.getsize(self.path) >= PCAP_HEADER_BYTES

    def packets(self):
        """Every packet captured, whole, from its Ethernet header on."""
        with open(self.path, "rb") as file:
            data = file.read()
        packets, at = [], PCAP_HEADER_BYTES
        while at + RECORD.size <= len(data):
            _, _, kept, _ = RECORD.unpack_from(data, at)
            at += RECORD.size
            packets.append(data[at : at + kept])
            at += kept
        return packets
