"""`--where "duration_s < 30 and gender == 'f'"`: which records a person wants, by an expression that does nothing else.

It is read by Python's own parser, and each part that is not in the list here is refused: no call but of `len` and
`lower`, no attribute, no index. What a record does not say is None, which equals nothing else and is neither more nor
less than anything.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from modellab.datasets.importers.records import LeftOut, Record, number
from modellab.datasets.importers.request import Report
from modellab.errors import ConfigError, DatasetError, did_you_mean

FIELDS = ("id", "text", "duration_s", "start_s", "end_s", "channel", "speaker", "recording", "language")
MEASURED = ("duration_s", "end_s")  # which are known when the audio was decoded
CALLS: Mapping[str, Callable[[str], Any]] = {"len": len, "lower": str.lower}
ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
LONGEST = 2_000  # characters
EXAMPLE = "duration_s < 30 and gender == 'f'"


class Filter:
    """An expression over the fields and groups of a record; '' takes every record."""

    def __init__(self, expression: str) -> None:
        """ConfigError for what is no such expression."""
        self.expression = expression
        self.tree = _parsed(expression) if expression.strip() else None
        self.names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)} if self.tree else set()
        self.names -= CALLS.keys()
        self._unseen = self.names - set(FIELDS)
        self._seen: set[str] = set()

    @property
    def is_early(self) -> bool:
        """Whether it can be asked before the audio is decoded."""
        return not self.names & set(MEASURED)

    def takes(self, record: Record) -> bool:
        """Whether a record is wanted; DatasetError where its values cannot be compared so."""
        if self.tree is None:
            return True
        values = _values(record)
        self._unseen -= values.keys()
        self._seen |= values.keys()
        return bool(_value(self.tree, values))

    def early(self, records: Iterable[Record], report: Report) -> Iterator[Record]:
        """The records without those that are not wanted, as far as that can be said before they are decoded."""
        return (record for record in records if not self.is_early or self.keeps(record, report))

    def keeps(self, record: Record, report: Report) -> bool:
        """Whether a record is wanted; the report counts it where it is not, and lists one that cannot be asked."""
        try:
            wanted = self.takes(record)
        except DatasetError as fault:
            report.left.append(LeftOut(record.where, str(fault)))
            return False
        report.filtered += not wanted
        return wanted

    def check(self) -> None:
        """ConfigError for a name that no record had."""
        if self._unseen and self._seen:
            name = min(self._unseen)
            known = did_you_mean(name, {*FIELDS, *self._seen})
            raise ConfigError(f"--where: no row has {name!r}: {known}; --group {name} keeps a column of that name")


def _parsed(expression: str) -> ast.expr:
    if len(expression) > LONGEST:
        raise ConfigError(f"--where has {len(expression):,} characters, expected at most {LONGEST:,}")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        _check(tree)
    except SyntaxError as fault:
        raise ConfigError(f"--where {expression!r} is no expression ({fault.msg}): expected {EXAMPLE}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ConfigError(f"--where {expression[:60]!r} cannot be read: expected {EXAMPLE}") from None
    return tree


def _check(part: ast.expr) -> None:
    """ConfigError for a part that is not allowed."""
    match part:
        case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            for operand in parts:
                _check(operand)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=inner):
            _check(inner)
        case ast.Compare(left=left, ops=ops, comparators=rest) if not any(
            isinstance(op, ast.Is | ast.IsNot) for op in ops
        ):
            for operand in (left, *rest):
                _check(operand)
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in CALLS:
            _check(inner)
        case ast.Name() | ast.Constant(value=str() | int() | float() | None):
            pass
        case _:
            shown = ast.unparse(part)[:40]
            allowed = f"comparisons, in, and, or, not, {' and '.join(CALLS)}"
            raise ConfigError(f"--where: {shown!r} is not allowed, expected {allowed}, such as {EXAMPLE}")


def _values(record: Record) -> dict[str, Any]:
    """What a record says, by name."""
    sound = record.sound
    return {
        **record.texts,
        **record.group,
        "id": record.id,
        "text": record.text,
        "duration_s": record.duration_s,
        "start_s": sound.start_s if sound else None,
        "end_s": sound.end_s if sound and sound.end_s is not None else _end_s(record),
        "channel": sound.channel if sound else None,
        "speaker": record.speaker or None,
        "recording": record.recording or None,
        "language": record.language or None,
    }


def _end_s(record: Record) -> float | None:
    if record.duration_s is None:
        return None
    return (record.sound.start_s if record.sound else 0.0) + record.duration_s


def _value(part: ast.expr, values: Mapping[str, Any]) -> Any:
    match part:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(operand, values) for operand in parts)
        case ast.BoolOp(values=parts):
            return any(_value(operand, values) for operand in parts)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not _value(inner, values)
        case ast.UnaryOp(operand=inner):
            value = _value(inner, values)
            return None if value is None else -_number(value, part)
        case ast.Compare(left=left, ops=ops, comparators=rest):
            sides = [_value(side, values) for side in (left, *rest)]
            return all(_holds(op, a, b, part) for op, a, b in zip(ops, sides, sides[1:], strict=False))
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            value = _value(inner, values)
            return None if value is None else CALLS[name](str(value))
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(element, values) for element in parts]
        case ast.Name(id=name):
            return values.get(name)
        case ast.Constant(value=constant):
            return constant
    raise AssertionError(f"{ast.dump(part)} was checked")


def _holds(op: ast.cmpop, a: Any, b: Any, part: ast.expr) -> bool:
    """Whether a comparison holds; text that is a number counts as one beside a number."""
    if isinstance(op, ast.In | ast.NotIn):
        is_in = str(a) in b if isinstance(b, str) else any(_same(a, element) for element in b or ())
        return (is_in and a is not None) == isinstance(op, ast.In)
    if isinstance(op, ast.Eq | ast.NotEq):
        return _same(a, b) == isinstance(op, ast.Eq)
    if a is None or b is None:
        return False
    if isinstance(a, str) and isinstance(b, str):
        return ORDERS[type(op)](a, b)
    return ORDERS[type(op)](_number(a, part), _number(b, part))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, str) != isinstance(b, str) and None not in (a, b):
        a, b = number(a), number(b)
        return a is not None and a == b
    return bool(a == b)


def _number(value: Any, part: ast.expr) -> float:
    amount = float(value) if isinstance(value, bool) else number(value)
    if amount is None:
        raise DatasetError(f"--where {ast.unparse(part)[:60]}: {str(value)[:40]!r} is no number")
    return amount
