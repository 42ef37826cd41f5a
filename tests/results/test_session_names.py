"""What a session is called that is new, and one that is gone on with."""

from __future__ import annotations

import pytest

from modellab.results import ledger


@pytest.mark.parametrize("resumed", ["20261130T131500-0a1b2c3d", "20261130t131500-0a1b2c3d"])
def test_a_session_is_gone_on_with_under_its_own_name(resumed: str) -> None:
    assert ledger.new_session(resumed) == "20261130T131500-0a1b2c3d", "its file is called in lower case"


def test_another_name_is_left_as_it_is() -> None:
    assert ledger.new_session("the-nightly_t") == "the-nightly_t"


def test_a_new_one_has_a_name_of_its_own() -> None:
    assert ledger.new_session() != ledger.new_session()
