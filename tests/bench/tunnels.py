"""tunnels.py - longwire and the others, each as one Ethernet between two hosts

Each is a class: @title for the tables, @mtu of the tunnel's end, prepare() for keys and files (not
timed), up() for the daemons. The others' settings are never tuned for the comparison, and never
changed without a reason in RESULTS.md.
"""

import os
import re
import subprocess

from place import sh, wait

ETHERNET = "ethernet"  # an encrypted Ethernet tunnel: a rival
CLEAR = "clear"  # no encryption
LIMIT = "limit"  # no product: what the kernel allows
SOCKET_LIMIT_S = 5


class Tunnel:
    """What all have in common."""

    title = ""
    kind = ETHERNET
    mtu = 1430
    needs = ()  # programs

    def __init__(self, place, tools):
        self.place = place
        self.tools = tools

    def path(self, *words):
        """A file of this run."""
        return os.path.join(self.place.work, *words)

    def write(self, name, text):
        """Write such a file; its path."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)
        return self.path(name)

    def prepare(self):
        """Before the clock starts."""

    def up(self):
        """Start the daemons."""


class Raw(Tunnel):
    """No tunnel: the wire itself, with its offloads."""

    title = "no tunnel"
    kind = LIMIT
    mtu = 1500

    def up(self):
        for side in self.place.sides:
            side.tap = side.wire
            side.link("addr", "add", f"{side.ip}/24", "dev", side.wire)


AGENT = """[agent]
name = host{letter}
listen = 7777
{more}
[vlan lan]
id = 1
{ports}"""
TAP_PORT = "[port t]\nvlan = lan\ntype = tap\nname = tun{letter}\n"
HUB_PORT = "[port hub]\nvlan = lan\ntype = mcast\ngroup = 230.0.0.1:33000\n"


class Longwire(Tunnel):
    """This project, as `longwire init` and an exchange of cards make it."""

    title = "longwire"
    ports = TAP_PORT
    more = os.environ.get("LONGWIRE_CONF", "")  # lines of [agent]

    def call(self, side, *words, text=None):
        """A subcommand on a side's folder."""
        command = [self.tools["longwire"], "-C", self.path(side.letter), *words]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout

    def prepare(self):
        if self.ports is TAP_PORT:
            self.place.make_taps(self.mtu)
        cards = {}
        for side in self.place.sides:
            self.call(side, "init", "--name", f"host{side.letter}")
            config = AGENT.format(
                letter=side.letter, more=self.more, ports=self.ports.format(letter=side.letter)
            )
            self.write(f"{side.letter}/agent.conf", config)
            cards[side.letter] = self.call(side, "card", "--at", f"{side.wire_ip}:7777")
        for side in self.place.sides:
            self.call(side, "add", text=cards[self.place.other(side).letter])

    def up(self):
        for side in reversed(self.place.sides):
            side.daemon(self.tools["longwire"], "-C", self.path(side.letter), "up")


class LongwireHub(Longwire):
    """The same with a QEMU hub on each side instead of a TAP."""

    ports = HUB_PORT


class OpenVpn(Tunnel):
    """OpenVPN 2.6, TLS with fingerprints, AES-256-GCM."""

    title = "OpenVPN"
    needs = ("openvpn", "openssl")

    def prepare(self):
        for side in self.place.sides:
            key, certificate = self.path(f"{side.letter}.key"), self.path(f"{side.letter}.crt")
            make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
            make += "-nodes -sha256 -days 3 -subj"
            sh("openssl", *make.split(), f"/CN={side.letter}", "-keyout", key, "-out", certificate)
        self.place.make_taps(self.mtu)

    def fingerprint(self, side):
        """Of a side's certificate."""
        words = (
            "x509",
            "-in",
            self.path(f"{side.letter}.crt"),
            "-noout",
            "-fingerprint",
            "-sha256",
        )
        return sh("openssl", *words).strip().split("=", 1)[1]

    def up(self):
        common = (
            "--dev-type tap --proto udp4 --port 1194 --cipher AES-256-GCM "
            "--data-ciphers AES-256-GCM --tun-mtu 1430 --mssfix 0 --fast-io --verb 3 --keepalive 10 60"
        ).split()
        for side, role in (
            (self.place.b, ["--tls-server", "--dh", "none"]),
            (self.place.a, ["--tls-client"]),
        ):
            other = self.place.other(side)
            where = ["--dev", side.tap, "--local", side.wire_ip, "--remote", other.wire_ip]
            keys = [
                "--cert",
                self.path(f"{side.letter}.crt"),
                "--key",
                self.path(f"{side.letter}.key"),
            ]
            side.daemon(
                "openvpn",
                *common,
                *where,
                *role,
                *keys,
                "--peer-fingerprint",
                self.fingerprint(other),
            )


class Fastd(Tunnel):
    """fastd 22 with salsa2012+umac, its project's fast secure choice."""

    title = "fastd"
    needs = ("fastd",)

    def prepare(self):
        keys = {}
        for side in self.place.sides:
            made = subprocess.run(
                ["fastd", "--generate-key"], capture_output=True, text=True, check=True
            ).stdout
            keys[side.letter] = dict(re.findall(r"(Secret|Public):\s*(\w+)", made))
        for side in self.place.sides:
            other = self.place.other(side)
            self.write(
                f"{side.letter}.conf",
                f'log level info;\ninterface "{side.tap}";\nmode tap;\nmtu 1430;\n'
                'method "salsa2012+umac";\n'
                f'bind {side.wire_ip}:10000;\nsecret "{keys[side.letter]["Secret"]}";\n'
                f'peer "{other.letter}" {{ key "{keys[other.letter]["Public"]}"; '
                f"remote {other.wire_ip}:10000; }}\n",
            )
        self.place.make_taps(self.mtu)

    def up(self):
        for side in reversed(self.place.sides):
            side.daemon("fastd", "-c", self.path(f"{side.letter}.conf"))


class Tinc(Tunnel):
    """tinc 1.0 in switch mode with its defaults: aes-256-cbc, sha256."""

    title = "tinc"
    mtu = 1500
    needs = ("tincd",)

    def prepare(self):
        for side in self.place.sides:
            n = side.letter
            connect = "ConnectTo = B\n" if n == "A" else ""
            device = f"DeviceType = tap\nDevice = /dev/net/tun\nInterface = {side.tap}\n"
            self.write(
                f"{n}/tinc.conf",
                f"Name = {n}\nMode = switch\n{device}AddressFamily = ipv4\n{connect}",
            )
            self.write(f"{n}/hosts/{n}", f"Address = {side.wire_ip}\n")
            sh("tincd", "-c", self.path(n), "-K2048")
        for one, other in (("A", "B"), ("B", "A")):
            sh("cp", self.path(f"{one}/hosts/{one}"), self.path(f"{other}/hosts/"))
        self.place.make_taps(self.mtu)

    def up(self):
        for side in reversed(self.place.sides):
            side.daemon(
                "tincd",
                "-c",
                self.path(side.letter),
                "-D",
                f"--pidfile={self.path(side.letter, 'pid')}",
            )


class N2n(Tunnel):
    """n2n 1.3 (twofish), two edges, the supernode on side A."""

    title = "n2n"
    mtu = 1400
    needs = ("edge", "supernode")

    def up(self):
        a = self.place.a
        sh_supernode = ["ip", "netns", "exec", a.ns, "supernode", "-l", "7654"]
        devnull = subprocess.DEVNULL
        # pylint: disable-next=consider-using-with
        a.others.append(
            subprocess.Popen(sh_supernode, stdin=devnull, stdout=devnull, stderr=devnull)
        )
        for side, mac in ((a, "0a"), (self.place.b, "0b")):
            words = f"-d {side.tap} -a {side.ip} -s 255.255.255.0 -l {a.wire_ip}:7654 "
            words += "-c bench -k benchkey0123456"
            side.daemon("edge", *words.split(), "-M", "1400", "-m", f"02:00:00:00:00:{mac}")


class VxlanWireguard(Tunnel):
    """The kernel's VXLAN inside wireguard-go."""

    title = "VXLAN over wireguard-go"
    mtu = 1390
    needs = ("wireguard-go", "wg")

    def prepare(self):
        for side in self.place.sides:
            key = sh("wg", "genkey").strip()
            self.write(f"{side.letter}.key", key)
            public = subprocess.run(
                ["wg", "pubkey"], input=key, capture_output=True, text=True, check=True
            ).stdout
            self.write(f"{side.letter}.pub", public.strip())

    def read(self, name):
        """A key."""
        with open(self.path(name), encoding="utf-8") as text:
            return text.read()

    def up(self):
        place, inner = self.place, {"A": "10.8.0.1", "B": "10.8.0.2"}
        for side in reversed(place.sides):
            side.daemon("wireguard-go", "-f", side.tap)
        place.wait_links()
        for side in place.sides:
            path = f"/var/run/wireguard/{side.tap}.sock"
            wait(lambda p=path: os.path.exists(p), SOCKET_LIMIT_S, path)
        for side in place.sides:
            other = place.other(side)
            peer = ["peer", self.read(f"{other.letter}.pub"), "endpoint", f"{other.wire_ip}:51820"]
            own = ["listen-port", "51820", "private-key", self.path(f"{side.letter}.key")]
            sh(
                "ip",
                "netns",
                "exec",
                side.ns,
                "wg",
                "set",
                side.tap,
                *own,
                *peer,
                "allowed-ips",
                "0.0.0.0/0",
            )
            side.link("addr", "add", f"{inner[side.letter]}/24", "dev", side.tap)
            side.link("link", "set", side.tap, "mtu", "1440", "up")
        for side in place.sides:
            ends = (
                f"local {inner[side.letter]} remote {inner[place.other(side).letter]} dstport 4789"
            )
            side.link(*f"link add vx0 type vxlan id 42 dev {side.tap} {ends}".split())
            side.tap = "vx0"
        place.address_taps(self.mtu)


class Socat(Tunnel):
    """TAP to UDP by socat, in clear; its packets become IP fragments on the wire."""

    title = "socat (clear)"
    kind = CLEAR
    mtu = 1500
    needs = ("socat",)

    def up(self):
        for side in self.place.sides:
            tap = f"TUN:{side.ip}/24,tun-type=tap,iff-no-pi,iff-up,tun-name={side.tap}"
            other = self.place.other(side)
            side.daemon(
                "socat", tap, f"UDP4-DATAGRAM:{other.wire_ip}:33001,bind={side.wire_ip}:33001"
            )


class LimitFrames(Tunnel):
    """minitun: frame by frame from the TAP, UDP_SEGMENT and UDP_GRO on the wire."""

    title = "limit: frames"
    kind = LIMIT
    mode = "frames"
    needs = ("minitun",)

    def prepare(self):
        self.place.make_taps(self.mtu)

    def up(self):
        for side in reversed(self.place.sides):
            ends = ["-l", f"{side.wire_ip}:5555", "-r", f"{self.place.other(side).wire_ip}:5555"]
            side.daemon(self.tools["minitun"], "-d", side.tap, *ends, "-m", self.mode)


class LimitSuper(LimitFrames):
    """minitun: super-frames from a TAP with vnet_hdr."""

    title = "limit: super-frames"
    mode = "super"

    def prepare(self):
        pass

    def up(self):
        super().up()
        self.place.wait_links()
        self.place.address_taps(self.mtu)


TUNNELS = {
    "raw": Raw,
    "longwire": Longwire,
    "openvpn": OpenVpn,
    "fastd": Fastd,
    "tinc": Tinc,
    "n2n": N2n,
    "wggo-vxlan": VxlanWireguard,
    "socat": Socat,
    "limit-bgso-gcm": LimitFrames,
    "limit-super-gcm": LimitSuper,
}
