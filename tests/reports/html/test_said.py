"""Sentences on pages: commands in backticks are shown as commands, and nothing else of a sentence is markup."""

from __future__ import annotations

import pytest

from modellab.reports import html


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("`modellab run` makes some", "<code>modellab run</code> makes some"),
        ("a `b` c `d`", "a <code>b</code> c <code>d</code>"),
        ("nothing of the kind", "nothing of the kind"),
        ("one ` alone", "one ` alone"),
        ("`<script>` & <b>", "<code>&lt;script&gt;</code> &amp; &lt;b&gt;"),
    ],
)
def test_commands_in_a_sentence_are_shown_as_commands(sentence: str, shown: str) -> None:
    template = html.environment().from_string("{{ sentence|said }}")
    assert template.render(sentence=sentence) == shown


def test_what_cannot_be_seen_in_a_sentence_is_made_visible() -> None:
    template = html.environment().from_string("{{ sentence|said }}")
    assert "\u202e" not in template.render(sentence="`a\u202eb` c\u202ed")
