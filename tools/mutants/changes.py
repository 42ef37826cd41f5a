"""The small changes that a module's source can have: an operator, a comparison, a constant, a condition, a result."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

Edit = tuple[int, int, str]  # from byte, up to byte, what takes its place
Where = tuple[str, int]  # file, first line of a function (its first decorator, as Python counts)

ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
COMPARISONS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
FILLING = re.compile(rb"(?:[\s()\\]|#[^\n]*)*")  # what can lie between an operand and the operator
SHORT_TESTS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one file: the whole lines before and after it, and the function that it is in."""

    file: str
    line: int
    before: str
    after: str
    edit: Edit
    function: Where | None  # None outside of functions, and in those with a decorator: it may keep results

    def applied(self, source: bytes) -> bytes:
        """The changed source."""
        start, end, new = self.edit
        return source[:start] + new.encode() + source[end:]

    @property
    def key(self) -> tuple[str, str, str]:
        """The change without its place, so that other lines may come and go."""
        return self.file, " ".join(self.before.split()), " ".join(self.after.split())


def changes(file: str, source: bytes) -> list[Change]:
    """All changes of a file, from its top. Types, decorators and assertions stay as they are."""
    text, every = _Text(source), []
    for node, function in _nodes(ast.parse(source), None, file):
        for start, end, new in [*_operators(node, text), *_values(node, text), *_flow(node, text)]:
            first = source.rfind(b"\n", 0, start) + 1
            last = (source.find(b"\n", end) + 1 or len(source) + 1) - 1
            before, after = source[first:last], source[first:start] + new.encode() + source[end:last]
            line = source.count(b"\n", 0, start) + 1
            every.append(Change(file, line, before.decode(), after.decode(), (start, end, new), function))
    return sorted(every, key=lambda change: change.edit)


def _nodes(node: ast.AST, function: Where | None, file: str) -> Iterator[tuple[ast.AST, Where | None]]:
    """Every node that may be changed, with the function around it."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _checks_only(child):
                continue
            around = function
            if isinstance(child, ast.FunctionDef):
                around = None if child.decorator_list else (file, child.lineno)
            yield child, around
            yield from _nodes(child, around, file)


def _checks_only(node: ast.AST) -> bool:
    """What is there for mypy, or for a state that cannot be: assertions, zip's `strict` too."""
    match node:
        case ast.Assert() | ast.TypeAlias() | ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.keyword(arg="strict"):
            return True
    return False


class _Text:
    """A source, and where its nodes and operators are, in bytes."""

    def __init__(self, source: bytes) -> None:
        self.source, self.begins = source, [0]
        for line in source.splitlines(keepends=True):
            self.begins.append(self.begins[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """From where up to where a node is."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.begins[node.lineno - 1] + node.col_offset, self.begins[node.end_lineno - 1] + node.end_col_offset

    def operator(self, left: ast.expr, pattern: str, new: str) -> Edit:
        """The operator behind an operand, changed to another."""
        filling = FILLING.match(self.source, self.span(left)[1])
        assert filling is not None
        match = re.compile(pattern.encode()).match(self.source, filling.end())
        assert match is not None, (ast.dump(left), pattern)
        return match.start(), match.end(), new


def _operators(node: ast.AST, text: _Text) -> Iterator[Edit]:
    match node:
        case ast.BinOp(left=left, op=op) | ast.AugAssign(target=left, op=op) if type(op) in ARITHMETIC:
            here, new = ARITHMETIC[type(op)]
            yield text.operator(left, re.escape(here), new)
        case ast.Compare(left=left, ops=ops, comparators=others):
            for operand, compared in zip([left, *others[:-1]], ops, strict=True):
                yield text.operator(operand, *COMPARISONS[type(compared)])
        case ast.BoolOp(op=op, values=values):
            for operand in values[:-1]:
                yield text.operator(operand, *(("and", "or") if isinstance(op, ast.And) else ("or", "and")))
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            start, end = text.span(node)[0], text.span(operand)[0]
            yield start, end, "(" * text.source[start:end].count(b"(")


def _values(node: ast.AST, text: _Text) -> Iterator[Edit]:
    match node:
        case ast.Constant(value=bool(value)):
            yield (*text.span(node), str(not value))
        case ast.Constant(value=int() | float() as number):
            yield (*text.span(node), repr(number + 1))
        case ast.Return(value=ast.expr() as result) if not isinstance(result, ast.Constant):
            yield (*text.span(node), "return None")
        case ast.Call(func=ast.Name(id=name) as called) if name in CALLS:
            yield (*text.span(called), CALLS[name])


def _flow(node: ast.AST, text: _Text) -> Iterator[Edit]:
    conditions: list[ast.expr] = []
    match node:
        case ast.Break():
            yield (*text.span(node), "continue")
        case ast.Continue():
            yield (*text.span(node), "break")
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            conditions = [test]
        case ast.comprehension(ifs=tests):
            conditions = tests
    for test in conditions:
        if isinstance(test, SHORT_TESTS):
            yield text.span(test)[0], text.span(test)[0], "not "
