"""What every test against the real agent gets: a scene that ends with the test."""

import os

import pytest

from real_agent import BINARY
from scene import Scene

LONG = bool(os.environ.get("LONGWIRE_LONG"))


def pytest_configure(config):
    config.addinivalue_line("markers", "long: waits for minutes; runs with --long only")


def pytest_collection_modifyitems(config, items):
    """What takes minutes is left out, not skipped: a skip says that something is missing here."""
    if LONG:
        return
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture
def scene(tmp_path):
    """A Scene; skips where no agent was built."""
    if not os.path.exists(BINARY):
        pytest.skip("no agent was built")
    made = Scene(tmp_path)
    yield made
    made.close()
