"""pytest glue: Python's cyclic collector rests while tests are collected, and passes over what they leave.

Ten thousand items live until the session ends, and so does what was imported for them. A collector that walks them
again and again as they grow takes a quarter of the time of collecting them, and finds nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest


class Garbage:
    """Switches the collector off for the collection; what is there at its end belongs to the session."""

    def __init__(self) -> None:
        gc.unfreeze()  # what an earlier session of this process left

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Collect without the collector, where it was on."""
        was_on = gc.isenabled()
        gc.disable()
        try:
            return (yield)
        finally:
            gc.freeze()
            if was_on:
                gc.enable()
