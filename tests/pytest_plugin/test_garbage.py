"""Python's cyclic collector rests while tests are collected, and is as it was when they run."""

from __future__ import annotations

import gc

import pytest

PLUGIN = """
import gc

from modellab.pytest_plugin.garbage import Garbage


def pytest_configure(config):
    config.pluginmanager.register(Garbage())


def pytest_collection_modifyitems():
    assert not gc.isenabled()
"""
ALONE = ("-p", "no:hypothesispytest")  # its plugin warns where strategies were drawn from before it is loaded
TEST = """
import gc


def test_it():
    assert gc.isenabled() is {is_on}
    assert gc.get_freeze_count() > 0
"""


@pytest.mark.parametrize("is_on", [True, False])
def test_it_rests_while_tests_are_collected(pytester: pytest.Pytester, is_on: bool) -> None:
    pytester.makeconftest(PLUGIN)
    pytester.makepyfile(TEST.format(is_on=is_on))
    (gc.enable if is_on else gc.disable)()
    try:
        pytester.runpytest_inprocess(*ALONE).assert_outcomes(passed=1)
        assert gc.isenabled() is is_on
    finally:
        gc.enable()


def test_what_an_earlier_session_left_is_looked_at_again(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(PLUGIN)
    pytester.makepyfile("def test_it(): pass")
    for _ in range(2):
        pytester.runpytest_inprocess(*ALONE).assert_outcomes(passed=1)
    one = gc.get_freeze_count()
    pytester.runpytest_inprocess(*ALONE).assert_outcomes(passed=1)
    assert gc.get_freeze_count() < 1.5 * one, "each session added to what the collector passes over"
