"""What every test against the real agent gets: a scene that ends with the test."""

import os

import pytest

from real_agent import BINARY
from scene import Scene


@pytest.fixture
def scene(tmp_path):
    """A Scene; skips where no agent was built."""
    if not os.path.exists(BINARY):
        pytest.skip("no agent was built")
    made = Scene(tmp_path)
    yield made
    made.close()
