"""People with a folder each."""

import pytest

from folder import Folder


@pytest.fixture
def anna(tmp_path):
    """Anna's folder."""
    return Folder(tmp_path / "anna", "anna")


@pytest.fixture
def bert(tmp_path):
    """Bert's folder; its path needs quoting."""
    return Folder(tmp_path / "bert's folder", "bert")


@pytest.fixture
def carl(tmp_path):
    """Carl's folder."""
    return Folder(tmp_path / "carl", "carl")
