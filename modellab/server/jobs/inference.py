"""Jobs that models of this server do: a long file, a text, a whole dataset. They wait in the models' own queues."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYetError
from pathlib import Path
from typing import Any

from modellab import datasets
from modellab.audio.encoding import encoded
from modellab.errors import ModellabError
from modellab.plan.matrix import Matrix
from modellab.server import speech
from modellab.server.errors import ApiError, of
from modellab.server.fleet.fleet import Fleet, Served
from modellab.server.fleet.queues import Job
from modellab.server.jobs import asked as requests
from modellab.server.jobs.files import AUDIO, OUTPUT, Files
from modellab.server.jobs.workers import BackError, JobError, Task
from modellab.types.rows import seconds, sendable

LOOK_S = 0.2  # between looks whether a job is to end, while a model is at it
MOST_WAIT_S = 5.0  # before it is asked again where a model's queue is full
TOLD_S = 1.0  # between two events of progress
GRACE_S = 5.0  # for a call that is at work when the server is told to end
BUSY = (429, 503)
RETRY_CODES = ("measuring", "queue_full")
Collect = Callable[[dict[str, Any]], dict[str, Any]]


class Inference:
    """Does jobs with the models of a fleet."""

    def __init__(self, fleet: Fleet, matrix: Matrix, files: Files) -> None:
        self.fleet, self.matrix, self.files = fleet, matrix, files
        self.kinds = {"transcribe": self._transcribe, "synthesize": self._synthesize, "dataset": self._dataset}

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """What came of a job."""
        try:
            return self.kinds[task.claim.kind](task)
        except ApiError as error:
            if error.status >= 500:
                raise BackError(error.message, is_counted=True) from error
            raise JobError(error.code, error.message) from error

    # ------------------------------------------------------------------------ each kind

    def _transcribe(self, task: Task) -> Mapping[str, Any]:
        body = task.claim.body
        served = self.fleet.doing(body["model"], "asr")
        path = self.files.of(task.claim.id) / AUDIO
        if not path.is_file():
            raise JobError("file_gone", "the file of this job is not here any more: send it again")
        row = {"id": "upload", "audio": str(path), "duration_s": body["duration_s"]}
        row |= {"language": body["told_language"]} if body.get("told_language") else {}
        task.progress({"stage": "transcribing", "done": 0, "of": 1})
        reply = self._call(task, served, "asr", row, body["duration_s"], path)
        heard = reply["output"]
        words = None
        if body["words"] and heard["text"].split():
            untimed = [[word, 0.0, 0.0] for word in heard["text"].split()]
            asked = {**row, "words": untimed}
            timed = self._call(task, served, "alignment", asked, body["duration_s"], path)["output"]["words"]
            words = [{"word": text.strip(), "start": start, "end": end} for text, start, end in timed]
        return _transcription(heard, body["duration_s"], float(reply.get("wall_s", 0.0)), words)

    def _synthesize(self, task: Task) -> Mapping[str, Any]:
        asked = speech.Asked.of(task.claim.body)
        served = self.fleet.doing(asked.model, "tts")
        row = {"id": f"{task.claim.id}-{task.claim.attempt}", **asked.row}
        reply = self._call(task, served, "tts", row, collect=speech.collected)
        kind, data = encoded(reply["sound"], asked.form)
        place = self.files.of(task.claim.id)
        _write(place / OUTPUT, data)
        return {"media_type": kind, "bytes": len(data), "duration": round(reply["sound"].duration_s, 3)}

    def _dataset(self, task: Task) -> Mapping[str, Any]:
        body = requests.WholeDataset.model_validate(task.claim.body)
        served = self.fleet.doing(body.model, "asr")
        try:
            data = datasets.load(self.matrix.project.golden / body.dataset)
        except ModellabError as error:
            raise JobError("invalid_dataset", str(error).splitlines()[0]) from error
        place = self.files.of(task.claim.id)
        place.mkdir(parents=True, exist_ok=True)
        lines = {line["id"]: line for line in _earlier(place, task.claim.attempt)}
        of, audio_s = len(data.rows), 0.0
        with (place / f"{OUTPUT}-{task.claim.attempt}").open("w", encoding="utf-8") as out:
            for finished, row in enumerate(data.rows, start=1):
                line = lines.get(row["id"]) or self._heard(task, served, row)
                audio_s += seconds(row)
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
                out.flush()
                every_s = 0 if finished == of else TOLD_S
                task.progress({"stage": "transcribing", "done": finished, "of": of}, every_s=every_s)
            os.fsync(out.fileno())
        (place / f"{OUTPUT}-{task.claim.attempt}").replace(place / OUTPUT)
        return {
            "media_type": "application/jsonl",
            "utterances": of,
            "duration": round(audio_s, 3),
            "digest": data.digest,
        }

    def _heard(self, task: Task, served: Served, row: Mapping[str, Any]) -> dict[str, Any]:
        """One utterance; one on which the model raises is told as that."""
        line = {"id": row["id"], "duration": round(seconds(row), 3)}
        try:
            reply = self._call(task, served, "asr", sendable(dict(row)), seconds(row), Path(str(row.get("audio", ""))))
        except ApiError as error:
            if error.code != "model_failed":
                raise
            return {**line, "text": None, "error": error.message}
        return {**line, "text": reply["output"]["text"], "wall_s": round(float(reply.get("wall_s", 0.0)), 4)}

    # ------------------------------------------------------------------------ one call

    def _call(
        self, task: Task, served: Served, kind: str, row: Mapping[str, Any], audio_s: float = 0.0,
        path: Path | None = None, collect: Collect = dict,
    ) -> dict[str, Any]:  # fmt: skip
        """The model's reply, however long its queue is; ApiError for what went wrong, or what `task.check` raises."""
        while True:
            task.check()
            try:
                job = self.fleet.submit(served, Job(kind, row, audio_s, task.claim.owner, collect))
                return self._waited(task, served, job)
            except (ModellabError, ApiError) as error:
                task.check()  # a server that ends, ends its models' calls
                refusal = error if isinstance(error, ApiError) else of(error, path=str(path or ""), name="the file")
                if refusal.code not in RETRY_CODES:
                    raise refusal from error
                wait_s = min(float(refusal.headers.get("Retry-After", "1")), MOST_WAIT_S)
                if task.gone.wait(wait_s / 2):
                    task.check()

    def _waited(self, task: Task, served: Served, job: Job) -> dict[str, Any]:
        while True:
            with contextlib.suppress(NotYetError):
                try:
                    return job.future.result(LOOK_S)
                except CancelledError as error:
                    raise BackError("the model's queue was closed", is_counted=False) from error
            try:
                task.check()
            except BackError:  # the server ends: what is nearly done may be
                with contextlib.suppress(NotYetError, CancelledError):
                    return job.future.result(GRACE_S)
                self.fleet.abandon(served, job)
                raise
            except Exception:
                self.fleet.abandon(served, job)
                raise


def _transcription(
    heard: Mapping[str, Any], duration_s: float, wall_s: float, words: list[dict[str, Any]] | None
) -> dict[str, Any]:
    """A transcription as JSON, with what the model says of its words where it says something."""
    sure = [probability for _, probability in heard.get("confidences", ())]
    segments = [{"text": text, "start": start, "end": end} for text, start, end in heard["segments"]]
    return {
        "text": heard["text"], "language": heard["language"], "duration": round(duration_s, 3), "segments": segments,
        "wall_s": round(wall_s, 4),
        **({"words": words} if words is not None else {}),
        **({"confidence": round(statistics.fmean(sure), 4)} if sure else {}),
    }  # fmt: skip


def _earlier(place: Path, attempt: int) -> Iterator[dict[str, Any]]:
    """The whole lines that earlier attempts have written; an utterance on which the model raised is tried again."""
    for number in range(1, attempt):
        path = place / f"{OUTPUT}-{number}"
        if path.is_file():
            for line in path.read_bytes().split(b"\n")[:-1]:
                with contextlib.suppress(ValueError):
                    parsed = json.loads(line)
                    if parsed.get("text") is not None:
                        yield parsed


def _write(path: Path, data: bytes) -> None:
    """A file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}-{time.monotonic_ns()}")
    new.write_bytes(data)
    new.replace(path)
