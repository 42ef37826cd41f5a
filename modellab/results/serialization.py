"""Results and verdicts as JSON and back: one shape for the ledger, the baselines and the reports.

Numbers keep their value: NaN is `null`, infinity is `"inf"` or `"-inf"`, and a whole float is written
without its `.0`. What cannot come back: a NaN `Verdict.baseline` or `change` returns as None (both say
"there is none"), and inside `Utterance.output` every number that is not finite becomes `null`.

Decoders ignore unknown keys and raise one of MALFORMED on anything malformed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from modellab.types import Basis, Break, CaseId, Counts, Result, Status, Utterance, Verdict

Json = dict[str, Any]
OPTIONAL = ("baseline", "change", "p", "least_p", "detects", "adjusted_p")  # of a verdict: None says that there is none


def dumps(data: Any) -> str:
    """Compact JSON on one line. Text that is not valid Unicode survives as an escape.

    >>> dumps({"b": [1, None], "a": "schön"})
    '{"b":[1,null],"a":"schön"}'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate becomes its own JSON escape


def plain(value: Any) -> Any:
    """Any value as JSON types: numbers that are not finite become None, numpy numbers Python's, the rest its `str()`.

    >>> plain({"path": (1.5, float("nan"), {2: True})})
    {'path': [1.5, None, {'2': True}]}
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def encode_number(value: float) -> float | int | str | None:
    """A float as JSON, without loss.

    >>> [encode_number(x) for x in (3.0, 0.1, float("nan"), float("-inf"))]
    [3, 0.1, None, '-inf']
    """
    value = float(value)
    if math.isnan(value):
        return None
    if math.isinf(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def decode_number(data: float | str | None) -> float:
    """What `encode_number` wrote; None is NaN."""
    return math.nan if data is None else float(data)


def encode_numbers(values: Mapping[str, float]) -> Json:
    """Named numbers, in their order."""
    return {name: encode_number(value) for name, value in values.items()}


def decode_numbers(data: Mapping[str, Any]) -> dict[str, float]:
    """What `encode_numbers` wrote."""
    return {name: decode_number(value) for name, value in data.items()}


def encode_counts(counts: Mapping[str, Counts]) -> Json:
    """One utterance's counts: metric -> list of numbers.

    >>> encode_counts({"wer": (1.0, 8.0)})
    {'wer': [1, 8]}
    """
    return {metric: [encode_number(part) for part in numbers] for metric, numbers in counts.items()}


def decode_counts(data: Mapping[str, Any]) -> dict[str, Counts]:
    """What `encode_counts` wrote."""
    return {metric: tuple(decode_number(part) for part in numbers) for metric, numbers in data.items()}


def encode_utterance(utterance: Utterance, optional: Collection[str] = ()) -> Json:
    """One utterance; `error`, `cluster` and `gpu_s` only where there is one, of optional metrics no zeros."""
    counts = {name: numbers for name, numbers in utterance.counts.items() if name not in optional or any(numbers)}
    data: Json = {
        "id": utterance.id,
        "shares": encode_counts(counts),
        "output": plain(utterance.output),
        "wall_s": encode_number(utterance.wall_s),
        "cpu_s": encode_number(utterance.cpu_s),
        "duration_s": encode_number(utterance.duration_s),
    }
    if math.isfinite(utterance.gpu_s):
        data["gpu_s"] = encode_number(utterance.gpu_s)
    texts = {"error": utterance.error, "cluster": utterance.cluster}
    return data | {name: text for name, text in texts.items() if text}


def decode_utterance(data: Json) -> Utterance:
    """What `encode_utterance` wrote."""
    times = {name: decode_number(data[name]) for name in ("wall_s", "cpu_s", "duration_s")}
    return Utterance(
        id=str(data["id"]),
        counts=decode_counts(data["shares"]),
        output=data["output"],
        error=str(data.get("error", "")),
        cluster=str(data.get("cluster", "")),
        gpu_s=decode_number(data.get("gpu_s")),
        **times,
    )


def encode_key(key: CaseId) -> Json:
    """The case of the matrix, field by field; `preprocessing` only where there is some."""
    return {name: value for name in CaseId.__slots__ if (value := getattr(key, name)) or name != "preprocessing"}


def decode_key(data: Json) -> CaseId:
    """What `encode_key` wrote."""
    names = (name for name in CaseId.__slots__ if name != "preprocessing")
    return CaseId(**{name: str(data[name]) for name in names}, preprocessing=str(data.get("preprocessing", "")))


def encode_result(result: Result) -> Json:
    """A result with all its utterances."""
    return {
        "key": encode_key(result.key),
        "machine": result.machine,
        "readings": encode_numbers(result.readings),
        "provenance": {name: str(value) for name, value in result.provenance.items()},
        "utterances": [encode_utterance(utterance) for utterance in result.utterances],
    }


def decode_result(data: Json) -> Result:
    """What `encode_result` wrote."""
    return Result(
        key=decode_key(data["key"]),
        utterances=tuple(decode_utterance(item) for item in data["utterances"]),
        readings=decode_numbers(data["readings"]),
        machine=str(data["machine"]),
        provenance={str(name): str(value) for name, value in data["provenance"].items()},
    )


def encode_verdict(verdict: Verdict) -> Json:
    """A verdict, field by field; what broke only where something did."""
    interval = verdict.interval
    basis: Json = {"basis": _encode_basis(verdict.basis)} if verdict.basis else {}
    if verdict.basis and math.isfinite(verdict.basis.most):
        basis["most"] = verdict.basis.most
    breaks = {"broken": verdict.broken, "breaks": [_encode_break(broken) for broken in verdict.breaks]}
    return {
        "metric": verdict.metric,
        "unit": verdict.unit,
        "kind": verdict.kind,
        "status": str(verdict.status),
        "now": encode_number(verdict.now),
        **{name: None if (x := getattr(verdict, name)) is None else encode_number(x) for name in OPTIONAL},
        "interval": None if interval is None else [encode_number(end) for end in interval],
        "why": verdict.why,
        "red": verdict.red,
        "versus": verdict.versus,
        "alpha": verdict.alpha,
        "pending": verdict.pending,
        **basis,
        **(breaks if verdict.broken else {}),
    }


def _encode_basis(basis: Basis) -> list[Any]:
    rest = (basis.bottom, float(basis.units), basis.error)
    return [list(map(encode_number, basis.sizes)), *map(encode_number, rest)]


def _encode_break(broken: Break) -> Json:
    lost, of = encode_number(broken.lost), encode_number(broken.of)
    return {"id": broken.id, "lost": lost, "of": of, "again": broken.again, "lines": list(broken.lines)}


def decode_verdict(data: Json) -> Verdict:
    """What `encode_verdict` wrote."""
    interval = data["interval"]
    return Verdict(
        metric=str(data["metric"]),
        unit=str(data["unit"]),
        kind=data["kind"],
        status=Status(data["status"]),
        now=decode_number(data["now"]),
        **{name: None if (x := data.get(name)) is None else decode_number(x) for name in OPTIONAL},
        interval=None if interval is None else (decode_number(interval[0]), decode_number(interval[1])),
        why=str(data["why"]),
        red=bool(data["red"]),
        versus=str(data.get("versus", "baseline")),
        alpha=float(data.get("alpha", 0.01)),
        pending=bool(data.get("pending", False)),
        basis=_decode_basis(data.get("basis"), data.get("most", math.inf)),
        broken=int(data.get("broken", 0)),
        breaks=tuple(_decode_break(broken) for broken in data.get("breaks", ())),
    )


def _decode_basis(data: Any, most: float) -> Basis | None:
    if data is None:
        return None
    if len(data) == 5:  # of before: mean and spread of the sizes
        return Basis((decode_number(data[0]),), *_decode_rest(data[2:]))
    return Basis(tuple(map(decode_number, data[0])), *_decode_rest(data[1:]), float(most))


def _decode_rest(data: Sequence[Any]) -> tuple[float, int, float]:
    bottom, units, error = map(decode_number, data)
    return bottom, int(units), error


def _decode_break(data: Json) -> Break:
    again = data["again"]
    lines = tuple(str(line) for line in data["lines"])
    lost, of = decode_number(data["lost"]), decode_number(data["of"])
    return Break(str(data["id"]), lost, of, None if again is None else bool(again), lines)
