r"""The marks of NIST's reference transcripts: alternatives, words that may be left out, broken-off words.

    i've { um / uh / @ } been (really) far th- away

`{ a / b }` are alternatives, `@` is nothing said, and they may hold others. `(word)` and `( two words )` may be left
out. `th-` is a word without its end, `-ing` one without its start. `word;tag` is the word, `a\;s` the word `a;s`.

Source: NIST's SCTK, stm(5) and the transcripts of sclite(1) with `-F -D`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modellab.errors import FormatError
from modellab.types.word_graph import Choice, Marked, Part

NOTHING = "@"
IGNORED = ("ignore_time_segment_in_scoring", "ignoretimesegmentinscoring")
TOKENS = re.compile(r"[{}]|[^\s{}]+")
SEMICOLON, SLASH = "\x01", "\x02"  # a semicolon that begins no tag, and a slash between alternatives
BLANK = dict.fromkeys(map(ord, SEMICOLON + SLASH), " ")
MOST_DEEP = 20  # alternatives within alternatives


def is_ignored(text: str) -> bool:
    """Whether a segment is not to be scored, and what is heard in it neither."""
    return any(mark in text.lower() for mark in IGNORED)


def parsed(text: str, *, tags: bool = True) -> tuple[Part, ...]:
    r"""The parts of a transcript; FormatError for braces and parentheses that do not fit together.

    Without `tags` a semicolon is a letter: for what a model said.

    >>> parsed("i've { um / @ } a\\;s th-")
    ("i've", Choice(branches=(('um',), ())), 'a;s', Marked(text='th', optional=False, broken='end'))
    """
    plain = text.translate(BLANK).replace("\\;", SEMICOLON)
    tokens = TOKENS.findall(plain if tags else plain.replace(";", SEMICOLON))
    branches, closing = _branches(tokens[::-1], 0)
    if closing:
        raise FormatError(f"there is a }} without its {{ in {text[:60]!r}")
    return branches[0]


def words(text: str) -> str:
    """The plain words of a transcript: of alternatives the first one that says something, all words in parentheses.

    >>> words("i've { @ / uh } been (really) far th-")
    "i've uh been really far th-"
    """
    return " ".join(_plain(parsed(text)))


def _plain(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Choice):
            yield from _plain(next(filter(None, part.branches), ()))
        elif isinstance(part, Marked):
            yield {"end": f"{part.text}-", "start": f"-{part.text}", "": part.text}[part.broken]
        else:
            yield part


def _branches(tokens: list[str], depth: int) -> tuple[tuple[tuple[Part, ...], ...], bool]:
    """The alternatives up to the brace that ends them, and whether there was one. `tokens`, in reverse, are taken."""
    if depth > MOST_DEEP:
        raise FormatError(f"alternatives lie more than {MOST_DEEP} deep in one another")
    branches: list[list[Part]] = [[]]
    while tokens:
        token = tokens.pop()
        if token == "}":
            return tuple(map(_joined, branches)), True
        if token == "{":
            inner, closed = _branches(tokens, depth + 1)
            if not closed:
                raise FormatError("there is a { without its }")
            branches[-1].append(Choice(inner))
        elif depth and "/" in token:
            before, _, after = token.partition("/")
            tokens += [piece for piece in (after, SLASH, before) if piece]
        elif token == SLASH:
            branches.append([])
        elif token.startswith("(") and ")" not in token[:-1]:
            branches[-1] += _optional([token, *_rest(tokens, token)])
        else:
            branches[-1] += _word(token)
    return tuple(map(_joined, branches)), False


def _rest(tokens: list[str], first: str) -> list[str]:
    """The tokens up to the one with the closing parenthesis, where the first has none; they are taken."""
    taken: list[str] = []
    while not (taken[-1] if taken else first).endswith(")"):
        if not tokens or tokens[-1] in "{}":
            raise FormatError(f"nothing closes the parenthesis of {first[:40]!r}")
        taken.append(tokens.pop())
    return taken


def _optional(tokens: list[str]) -> Iterator[Part]:
    """The words in parentheses, each of which may be left out."""
    for token in " ".join(tokens)[1:-1].split():
        for part in _word(token):
            yield Marked(part, optional=True) if isinstance(part, str) else Marked(part.text, True, part.broken)


def _word(token: str) -> Iterator[str | Marked]:
    """A word without its tags, or nothing."""
    word = token.partition(";")[0].replace(SEMICOLON, ";")
    if word == NOTHING or not word:
        return
    if len(word) > 1 and word.endswith("-"):
        yield Marked(word[:-1], broken="end")
    elif len(word) > 1 and word.startswith("-"):
        yield Marked(word[1:], broken="start")
    else:
        yield word


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """The parts, plain words that stand together as one stretch of text."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return tuple(joined)
