"""dhcp.py - a real DHCP server on the hub of a host

Layer: test harness.
"""

import contextlib
import shutil

from plugged import plugged

DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
NETWORK = "10.9.0."


@contextlib.contextmanager
def dhcp_server(host, folder):
    """dnsmasq behind @host, as a machine of its own on the hub; it leases NETWORK addresses."""
    with plugged(host, "cable", NETWORK + "1/24"):
        command = [DNSMASQ, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0"]
        command += ["--interface=cable", "--bind-interfaces", "--pid-file", "--user=root"]
        command += [f"--dhcp-range={NETWORK}50,{NETWORK}99", f"--dhcp-leasefile={folder}/leases"]
        host.start(*command, "--no-ping")
        yield
