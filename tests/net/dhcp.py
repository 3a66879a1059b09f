"""dhcp.py - a real DHCP server on the hub of a host, or at an interface

Layer: test harness.
"""

import contextlib
import shutil

from plugged import plugged

DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
NETWORK = "10.9.0."


def start_dhcp(host, folder, device):
    """dnsmasq at an interface of @host, which has an address; it leases NETWORK addresses."""
    command = [DNSMASQ, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0"]
    command += [f"--interface={device}", "--bind-interfaces", "--pid-file", "--user=root"]
    command += [f"--dhcp-range={NETWORK}50,{NETWORK}99", f"--dhcp-leasefile={folder}/leases"]
    host.start(*command, "--no-ping")


@contextlib.contextmanager
def dhcp_server(host, folder):
    """dnsmasq behind @host, as a machine of its own on the hub."""
    with plugged(host, "cable", NETWORK + "1/24"):
        start_dhcp(host, folder, "cable")
        yield
