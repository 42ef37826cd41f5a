"""Finished cases in the ledger of a desk, really scored, for the tests of what may be accepted."""

from __future__ import annotations

from typing import Any

from modellab import datasets, text
from modellab.results.entry import Entry, pooled
from modellab.results.ledger import Ledger
from modellab.tasks import Task, asr
from modellab.types import CaseId, Status, Utterance, Verdict

from ..make import READINGS, result, utterance, verdict
from .conftest import Desk

TASK: Task = asr
KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
CASE = "fake:one-short_v1-cpu-float32"
FILES = ["fake-one.cpu-float32.a-cpu-1t.json", "fake-one.cpu-float32.json"]
BETTER = verdict("wer", Status.IMPROVED, 0.1, baseline=0.2, change=-0.1)
SLOWER = verdict("rtf_cpu", Status.REGRESSED, 0.06, unit="s/s", kind="speed", baseline=0.05, why="20 % slower")
DRIFT = verdict("cer", Status.REGRESSED, 0.2, versus="anchor", why="since the pinned release")


def said(desk: Desk, wrong: int) -> tuple[Utterance, ...]:
    """What a model says that gets one word wrong in each of the first `wrong` utterances, scored."""
    data = datasets.load(desk.root / "golden" / "short_v1")
    found = []
    for i, row in enumerate(data.rows):
        case = TASK.read(row, data.options)
        first, *rest = row["text"].split()
        heard = " ".join(["tern" if i < wrong else first, *rest])
        output = {"text": heard, "segments": [], "language": "en"}
        found.append(utterance(case.id, TASK.score(case, output), output, duration_s=row["duration_s"]))
    return tuple(found)


def measure(desk: Desk, *verdicts: Verdict, wrong: int = 1, **changes: Any) -> Entry:
    """A finished case in the ledger; `changes` are fields of the entry, its result's or its provenance's."""
    data = datasets.load(desk.root / "golden" / "short_v1")
    provenance = {"dataset_digest": data.digest, "normaliser": str(text.get(data.normaliser)), "weights": "sha256:w",
                  "threads": "1", "commit": ""}  # fmt: skip
    provenance |= {name: changes.pop(name) for name in tuple(provenance) if isinstance(changes.get(name), str)}
    readings = {**READINGS, **changes.pop("readings", {})}
    key = changes.pop("key", KEY)
    measured = result(said(desk, wrong), key=key, provenance=provenance, readings=readings)
    status = verdicts[0].status if verdicts else Status.PASS
    told = {"values": pooled(measured), "weights": provenance["weights"]}
    fields = {"result": measured, **told, "verdicts": verdicts, "session": "s1", **changes}
    entry = Entry(key, fields.pop("status", status), **fields)
    assert Ledger(desk.root / "mlruns", entry.session).append(entry)
    return entry


def accept(desk: Desk, *arguments: str) -> Any:
    chosen = () if "--model" in arguments else ("--model", "fake")
    return desk.type("baselines", "accept", "--reason", "beam 5", *chosen, *arguments)


def there(desk: Desk, folder: str = "asr/short_v1") -> list[str]:
    return sorted(path.name for path in (desk.root / "baselines" / folder).glob("*.json"))
