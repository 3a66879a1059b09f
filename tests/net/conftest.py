"""The fixtures of this folder's tests."""

from hosts import agents, lab, shared_agents, shared_lab  # noqa: F401 pylint: disable=unused-import
