"""Read YAML: the one way in for dataset.yaml, config.yaml and the records of stages.

It differs from PyYAML's safe loader where that surprises or harms:

| in the file | becomes |
|---|---|
| a key that is given twice | a `YamlError` with both lines |
| `no`, `on`, `010`, `1_000`, `12:30`, `1e5`, a date, a number beyond 18 digits | text as written: an `Unquoted` |
| a key, whatever it looks like | text as written: `no: 1` is {"no": 1} |
| nesting beyond `DEPTH`, aliases that expand to more than `EXPANDED` values | a `YamlError` |
| tags other than `!!str`, `!!seq` and `!!map`; merge keys (`<<`); a second document | a `YamlError` |

Values are built from libyaml's events as they come: what is nested deeply or refers to itself takes no stack, and what
is long takes no tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from modellab.errors import YamlError

DEPTH = 50  # lists and mappings within each other
EXPANDED = 10_000  # values that aliases stand for, all together
DIGITS = 18  # of a whole number: more do not fit into what other programs hold
SHOWN = 60  # characters of a value in a message
TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "!"}
CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
WHOLE = re.compile(rf"[-+]?(0|[1-9][0-9]{{0,{DIGITS - 1}}})")
DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
OTHER = re.compile(  # what another reader of YAML takes for a truth value, a number or a time
    r"[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF|[-+]?[0-9][0-9_]*([eE][-+]?[0-9]+)?|[-+]?0[xob][0-9a-fA-F_]+"
    r"|[-+]?[0-9][0-9_]*(:[0-9]+)+(\.[0-9_]*)?|[-+]?[0-9_]*\.[0-9_]+([eE][-+]?[0-9]+)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"
)
FIRST = frozenset("0123456789+-.~tTfFnNyYoO_")  # what any of those begins with
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # its events alone are asked for


class Unquoted(str):
    """Text without quotes that another reader takes for something else: no text where anything may stand."""

    __slots__ = ()


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come."""

    value: Any
    anchor: str | None
    begun: int  # how many values there were before it
    lines: dict[str, int] = field(default_factory=dict)  # of each key of a mapping
    key: str | None = None  # of a mapping: its value comes next


def parse(text: str) -> Any:
    """The values of one YAML document; None for an empty one; YamlError for what is not read here."""
    try:
        return _Builder().whole(_events(text))
    except yaml.MarkedYAMLError as fault:
        problem = " ".join(part for part in (fault.context, fault.problem) if part)
        mark = fault.problem_mark or fault.context_mark
        raise YamlError(f"line {mark.line + 1}: {problem}" if mark else problem) from None
    except yaml.YAMLError as fault:
        raise YamlError(" ".join(str(fault).split())[:200]) from None


def unquoted(value: Any, place: str = "") -> Iterator[str]:
    """A sentence for each value of nested settings that two readers of YAML take for two things."""
    if isinstance(value, Unquoted):
        yield f"{place} is {value} without quotes, which readers of YAML take for different things: {_advice(value)}"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from unquoted(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from unquoted(inner, f"{place}[{number}]")


def shown(value: Any) -> str:
    """A value for a message, no longer than a line.

    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    text = repr(str(value)) if isinstance(value, Unquoted) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _advice(value: str) -> str:
    if value.lower() in {"yes", "on", "no", "off"}:
        return f"write {'true' if value.lower() in {'yes', 'on'} else 'false'}, or '{value}' for the word"
    return f"write '{value}' for text, or a number such as 8, 0.5 or 1.0e-5"


def _events(text: str) -> Iterator[Event]:
    parser = _PARSER(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        if hasattr(parser, "dispose"):
            parser.dispose()


class _Builder:
    """Puts one document's values together, event by event."""

    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}  # with the number of values in each
        self.values = self.expanded = 0
        self.root: Any = None
        self.begun = False

    def whole(self, events: Iterator[Event]) -> Any:
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._start(event, {} if kind is MappingStartEvent else [])
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._end()
            elif kind is DocumentStartEvent:
                self._document(event)
        return self.root

    def _document(self, event: Event) -> None:
        if self.begun:
            raise YamlError(f"{_line(event)}: a second document begins (---), expected one")
        self.begun = True

    def _scalar(self, event: Any) -> None:
        self.values += 1
        if event.tag is not None and event.tag not in TAGS:
            raise _tagged(event)
        inside = self.open[-1] if self.open else None
        is_key = inside is not None and inside.key is None and type(inside.value) is dict
        plain = event.implicit[0] and event.tag is None and not is_key
        value = _resolved(event.value) if plain else event.value
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        if inside is not None and is_key:
            self._key(inside, event)
        else:
            self._add(value, event)

    def _key(self, inside: _Open, event: Any) -> None:
        key, line = event.value, event.start_mark.line + 1
        if key in inside.lines:
            raise YamlError(f"line {line}: the key {shown(key)} is given twice, first in line {inside.lines[key]}")
        if key == "<<" and event.implicit[0]:
            raise YamlError(f"line {line}: a merge key (<<) is not read here: write the keys out")
        inside.lines[key] = line
        inside.key = key

    def _start(self, event: Any, value: Any) -> None:
        self.values += 1
        if len(self.open) == DEPTH:
            raise YamlError(f"{_line(event)}: nested deeper than {DEPTH}")
        if event.tag is not None and event.tag not in TAGS:
            raise _tagged(event)
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        self._add(value, event)
        self.open.append(_Open(value, event.anchor, self.values))

    def _end(self) -> None:
        done = self.open.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, self.values - done.begun + 1)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            raise YamlError(f"{_line(event)}: *{event.anchor} stands for nothing that is complete before it")
        value, count = self.anchors[event.anchor]
        self.values += count
        self.expanded += count
        if self.expanded > EXPANDED:
            raise YamlError(f"{_line(event)}: aliases (*{event.anchor}) expand to more than {EXPANDED} values")
        self._add(value, event)

    def _add(self, value: Any, event: Event) -> None:
        if not self.open:
            self.root = value
            return
        inside = self.open[-1]
        if type(inside.value) is list:
            inside.value.append(value)
        elif inside.key is None:
            raise YamlError(f"{_line(event)}: a key is {shown(value)}, expected text")
        else:
            inside.value[inside.key] = value
            inside.key = None


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"


def _tagged(event: Any) -> YamlError:
    return YamlError(f"{_line(event)}: the tag {shown(event.tag)} is not read here: leave it out")


def _resolved(text: str) -> Any:
    """What a scalar without quotes is.

    >>> [_resolved(text) for text in ("12", "0.5", "true", "", "no", "12:30", "two")]
    [12, 0.5, True, None, 'no', '12:30', 'two']
    """
    if text and text[0] not in FIRST:
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return Unquoted(text) if OTHER.fullmatch(text) or DECIMAL.fullmatch(text) else text
