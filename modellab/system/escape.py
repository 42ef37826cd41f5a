r"""Text from models, adapters and exceptions made safe to show: nothing hidden, and escaped for each output.

| door | function | what takes no effect |
|---|---|---|
| any | `visible` | secrets, control characters, what turns the direction of text, half a surrogate pair, tags |
| terminal, log of a job | `line`, `lines` | escape sequences; workflow commands (`::error`, `##[stop-commands]`) |
| Markdown: comment, scorecard, job summary | `markdown` | HTML, links, images, mentions, `fixes #1` |
| annotation of GitHub Actions | `data`, `property` | a second command, another field |
| JSON that is printed | `json_text`, `document` | the same characters, as `\u202e`: nothing is lost |
| CSV | `cell` | formulas (`=`, `+`, `-`, `@`, tab and carriage return in front) |
| HTML | jinja2's autoescape, after `visible` (`report/html`) | markup |
| JUnit XML | pytest's own, after `lines` | characters that XML has not |
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from modellab.system.masking import masked

TURNING = "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))  # overrides, embeddings, isolates
HIDDEN = "".join(map(chr, [0x2028, 0x2029, *range(0xE0000, 0xE0080)]))  # line separators, tags
ODD = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{TURNING}{HIDDEN}]")
SPECIAL = re.compile(
    r"[&<>\\`*|~@#$]"  # anywhere
    r"|(?<![^\W_])_|_(?![^\W_])"  # not inside a word
    r"|\](?=[(\[:])|\[(?=\^)"  # of links and footnotes
    r"|(?<=:)/|(?<=\bwww)\."  # of addresses
)
REFERENCE = re.compile(r"\b(GH)-(?=\d)", re.IGNORECASE)  # GitHub's other way to name an issue
MENTIONS = {"@": "@&#8203;", "#": "#&#8203;"}
CELL = 300  # characters of a cell
COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)  # a workflow command begins a line
OLD_COMMAND = re.compile(r"##(?=\[)")  # and one of the old kind is anywhere
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def visible(text: str) -> str:
    r"""Text in which nothing hides: control characters as their pictures, what turns the direction as its name.

    Secrets are masked: whatever a model said, this is where it leaves.

    >>> visible("a\0b\x1b[1m"), visible("a\ud800"), visible("pay\u202egnp")
    ('a␀b␛[1m', 'a�', 'pay⟨U+202E⟩gnp')
    """
    text = masked(text)
    return ODD.sub(lambda match: _picture(ord(match[0])), text) if ODD.search(text) else text


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩" if chr(code) in TURNING + HIDDEN else "�"


def lines(text: str) -> str:
    r"""Text of several lines for a terminal, which may be a job's log.

    >>> lines("ESC \x1b]0;x\n::error::a b"), lines("x ##[stop-commands]y")
    ('ESC ␛]0;x\n\\::error::a b', 'x ##\\[stop-commands]y')
    """
    return OLD_COMMAND.sub(r"##\\", COMMAND.sub(r"\1\\:", visible(text)))


def line(text: str) -> str:
    r"""The same on one line.

    >>> line("a\nb")
    'a b'
    """
    return lines(" ".join(text.splitlines()) if len(text.splitlines()) > 1 else text.rstrip("\n"))


def markdown(text: str, most: int = CELL) -> str:
    """Any text as Markdown that shows it as it is, on one line, cut after `most` characters.

    >>> markdown("a|b <img> @all"), markdown("_x_" + chr(10) + "y"), markdown("fixes GH-1")
    ('a&#124;b &#60;img&#62; @&#8203;all', '&#95;x&#95; y', 'fixes GH-&#8203;1')
    """
    short = visible(" ".join(text.split()))
    short = short if len(short) <= most else f"{short[: most - 3]}..."
    safe = SPECIAL.sub(lambda match: MENTIONS.get(match[0], f"&#{ord(match[0])};"), short)
    return REFERENCE.sub(r"\1-&#8203;", safe)


def block(text: str) -> str:
    """Lines as a block of code in Markdown that none of them can end.

    >>> print(block("a" + chr(10) + "`" * 3 + "b"))
    ````
    a
    ```b
    ````
    """
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{lines(text)}\n{fence}"


def data(text: str) -> str:
    r"""The message of an annotation, with its lines.

    >>> data("50 %\nof\x1b")
    '50 %25%0Aof␛'
    """
    whole = OLD_COMMAND.sub(r"##\\", text.replace("\r", "\n"))
    return "%0A".join(visible(part) for part in whole.replace("%", "%25").split("\n"))


def json_text(text: str) -> str:
    r"""JSON with nothing in it that takes effect where it is printed: such characters as JSON writes them in ASCII.

    >>> json_text('{"a": "pay\u202egnp \x9b1m"}')
    '{"a": "pay\\u202egnp \\u009b1m"}'
    """
    return ODD.sub(lambda match: json.dumps(match[0])[1:-1], text)


def document(value: Any) -> str:
    r"""A JSON document for a program: a number that is none is null, as no parser but Python's takes NaN.

    >>> document({"wer": float("nan"), "text": "a\x9b"})
    '{\n "wer": null,\n "text": "a\\u009b"\n}\n'
    """
    return json_text(json.dumps(_finite(value), ensure_ascii=False, indent=1, allow_nan=False)) + "\n"


def _finite(value: Any) -> Any:
    """JSON types; a number that is none is null."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def property(text: str) -> str:
    """A field of an annotation.

    >>> property("a:b,c")
    'a%3Ab%2Cc'
    """
    return data(text).replace(":", "%3A").replace(",", "%2C")


def cell(text: str) -> str:
    """A text in a table that a spreadsheet may open: no formula.

    >>> cell("=HYPERLINK(1)"), cell("fine")
    ("'=HYPERLINK(1)", 'fine')
    """
    safe = visible(text)
    return f"'{safe}" if text.startswith(FORMULA) or text.lstrip(" ").startswith(FORMULA[:4]) else safe
