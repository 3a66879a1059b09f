"""What the tests with real machines get: the lab and agents of ../net, and a guest image."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "net"))

# pylint: disable=wrong-import-position,unused-import,redefined-outer-name,unused-argument
from guest import QEMU, Guest  # noqa: E402
from hosts import agents, lab, shared_agents, shared_lab  # noqa: E402,F401


@pytest.fixture(scope="session")
def image():
    """The folder with kernel and initramfs; made once for all build folders' tests."""
    if not shutil.which(QEMU):
        pytest.skip(f"needs {QEMU}")
    folder = os.environ.get("LONGWIRE_GUESTS", "/tmp/longwire-guests")
    made = subprocess.run(
        [HERE / "image", folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"no kernel for the guests: {made.stderr.strip()}")
    return folder


def _guests(image):
    """A function that starts machines; each is unplugged at the end."""
    made = []

    def make(host, address, mac, **options):
        made.append(Guest(host, image, address, mac, **options))
        return made[-1]

    yield make
    for guest in made:
        guest.close()


@pytest.fixture
def guests(lab, image):
    """_guests() for one case."""
    yield from _guests(image)


@pytest.fixture(scope="module")
def shared_guests(shared_lab, image):
    """_guests() for all cases of a file."""
    yield from _guests(image)
