from __future__ import annotations

import base64
import hashlib
import re

import pytest
from jinja2 import DictLoader, UndefinedError
from markupsafe import Markup

from modellab.reports import html

from ..pages import NASTY, PLAIN, Seen, check


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch):
    """Render a template that is given as text, with the macros as `parts`."""

    def rendered(source: str, **context: object) -> str:
        environment = html.environment().overlay()
        loader = environment.loader
        assert loader is not None
        parts = loader.get_source(environment, "_parts.html.j2")[0]
        environment.loader = DictLoader(
            {"_parts.html.j2": parts, "x": '{% import "_parts.html.j2" as parts %}' + source}
        )
        return environment.get_template("x").render(**context)

    return rendered


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_the_data_executes(text: str, write) -> None:
    page = html.page("base.html.j2", title=text, facts=[(text, text)])
    seen = check(page)
    assert [tag for tag, _ in seen.tags].count("script") == 1
    assert page.count("</script>") == 1

    body = write(
        "{{ parts.diff(steps, label=text) }}{{ parts.player('', '', text) }}{{ parts.status(text) }}"
        "{{ parts.filter(text, text) }}{{ parts.table([text], [[text], [(text, text)]], id=text, caption=text) }}",
        text=text,
        steps=[("S", text, text), ("D", text, ""), ("I", "", text), ("", text, text)],
    )
    assert {tag for tag, _ in check(body).tags} <= PLAIN


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "https://example.com/a.png",
        "//example.com/a.png",
        "/etc/passwd",
        "../../secret.flac",
        "file:///etc/passwd",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml;base64,AAAA",
        'x" onerror="alert(1)',
        "a.png\n",
    ],
)
def test_a_page_names_no_address_outside(address: str, write) -> None:
    for at in ("parts.player(it, '', 'a')", "parts.player('', it, 'a')"):
        with pytest.raises(ValueError, match="is no address for a page"):
            write("{{ " + at + " }}", it=address)


def test_a_player_takes_data_and_files_beside_the_page(write) -> None:
    page = write("{{ parts.player('data:audio/mpeg;base64,AAAA', 'clips/0 01.png', 'a clip') }}")
    assert 'src="data:audio/mpeg;base64,AAAA"' in page
    assert 'src="clips/0 01.png"' in page


def test_the_one_script_is_let_by_its_hash_and_nothing_is_loaded() -> None:
    page = html.page("base.html.j2", title="x")
    policy = next(a["content"] for t, a in Seen(page).tags if a.get("http-equiv") == "Content-Security-Policy")
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not {"http:", "https:", "*", "'unsafe-eval'"} & set(policy.replace(";", " ").split())
    assert not re.findall(r"""(?:src|href)=["']?http|@import|url\(|fetch\(|XMLHttp|eval\(|innerHTML""", page)


def test_our_own_style_and_script_cannot_close_their_tags() -> None:
    for name in ("style.css", "page.js"):
        assert "</" not in html._text(name)


def test_every_attribute_of_a_template_is_quoted() -> None:
    for path in html.FOLDER.glob("*.j2"):
        source = path.read_text(encoding="utf-8")
        assert re.findall(r"=\s*\{\{", re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL)) == [], path.name
        assert "|safe" not in source.replace(" ", "")
        assert re.findall(r"<(?:script|style)\b", source) == [] or path.name == "base.html.j2"


def test_what_is_missing_is_an_error_of_the_page(write) -> None:
    with pytest.raises(UndefinedError, match="'title' is undefined"):
        html.page("base.html.j2")
    with pytest.raises(ValueError, match="a template shows None"):
        write("{{ nothing }}", nothing=None)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("number(0.0087, 'ratio')", "0.87 %"),
        ("number(0.0087, 'ratio', n=40, interval=(0.001, 0.02))", "0.87 % [0.10 %, 2.00 %] N 40"),
        ("number(none, 's')", "-"),
        ("change(0.02, 'ratio', n=7, interval=(-0.01, 0.05))", "+2.00 % [-1.00 %, +5.00 %] N 7"),
        ("status('NOT_COMPARABLE')", "NOT COMPARABLE"),
    ],
)
def test_numbers_stand_with_n_and_interval(call: str, expected: str, write) -> None:
    assert Seen(write("{{ parts." + call + " }}")).text == expected


def test_errors_are_marked_by_letter_and_kind(write) -> None:
    page = write("{{ parts.diff(steps) }}", steps=[("", "a", "a"), ("S", "b", "x"), ("D", "c", ""), ("I", "", "d")])
    assert Seen(page).text.split() == ["aa", "bxS", "c·D", "·dI"]
    kinds = [(a.get("class"), a.get("title")) for tag, a in Seen(page).tags if tag == "span"]
    assert kinds == [(None, None), ("S", "substitution"), ("D", "deletion"), ("I", "insertion")]
    assert "no words" in write("{{ parts.diff([]) }}")


def test_a_table_marks_text_and_sorts_by_what_it_is_given(write) -> None:
    page = write(
        "{{ parts.table(['name', 'rate'], rows, id='all') }}",
        rows=[["<a>", ("1.0 %", 0.01)], [Markup("<b>x</b>"), ("-", float("nan"))]],
    )
    cases = [a for tag, a in Seen(page).tags if tag == "td"]
    assert cases == [{}, {"class": "right", "data-sort": "0.01"}, {}, {"class": "right", "data-sort": "nan"}]
    assert "&lt;a&gt;" in page
    assert "<b>x</b>" in page


def test_the_same_context_gives_the_same_bytes() -> None:
    assert html.page("base.html.j2", title="x") == html.page("base.html.j2", title="x")
