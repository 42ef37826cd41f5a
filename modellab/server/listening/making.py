"""A new listening test: its sounds are made in a reader's process and kept, whatever becomes of the results' own."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pydantic

from modellab.results.entry import now
from modellab.server.auth import Who
from modellab.server.errors import ApiError
from modellab.server.listening.records import Kind, ListeningTest, ListeningTests
from modellab.server.results.index import Index
from modellab.server.storage.blobs import KEPT, Blobs
from modellab.server.storage.incoming import parts_of
from modellab.system import leftovers

FLAC = "audio/flac"
MOST_SYSTEMS, MOST_ITEMS = 6, 60
RECORDINGS = "recordings"
QUESTIONS = {
    "acr": "How good does this speech sound?",
    "ab": "Which one sounds better?",
    "mushra": "How good is each, compared with the reference?",
}
KINDS = "acr: a score from 1 to 5 of each clip; ab: one of two, or neither; mushra: 0 to 100 of all at once"
REFERENCES = (
    "Of mushra: the id of the result that is the reference, or `recordings` for the dataset's `reference_audio`"
)
Id = pydantic.constr(strip_whitespace=True, min_length=1, max_length=200)


class Asked(pydantic.BaseModel):
    """What a new test is about: stored results of one task with one dataset."""

    model_config = pydantic.ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = pydantic.Field(min_length=1, max_length=120)
    kind: Kind = pydantic.Field("acr", description=KINDS)
    entries: list[Id] = pydantic.Field(max_length=MOST_SYSTEMS, description="The ids of results")  # type: ignore[valid-type]
    reference: str = pydantic.Field("", max_length=200, description=REFERENCES)
    question: str = pydantic.Field("", max_length=200)
    items: int = pydantic.Field(30, ge=1, le=MOST_ITEMS, description="Sentences, drawn from those that all have")
    per_rater: int = pydantic.Field(40, ge=2, le=200, description="Clips, or pairs, that one rater judges")
    needs_headphones: bool = True

    def check(self) -> None:
        """ApiError for results that cannot be told apart, or too few of them."""
        least = 2 if self.kind == "ab" else 1
        if len(self.entries) < least or len(set(self.entries)) < len(self.entries):
            message = (
                f"expected at least {least} different results, got {len(set(self.entries))}: choose some with sound"
            )
            raise ApiError(400, "invalid_value", message, "entries")
        if self.kind == "mushra" and not self.reference:
            message = "a MUSHRA test needs a reference: choose a result that is not judged, or the dataset's recordings"
            raise ApiError(400, "invalid_value", message, "reference")
        if self.reference in self.entries:
            message = "the reference is among the results that are judged: it is hidden among them without that"
            raise ApiError(400, "invalid_value", message, "reference")


class Maker:
    """Makes tests, and ends them."""

    def __init__(self, index: Index, blobs: Blobs) -> None:
        self.index, self.blobs, self.tests = index, blobs, ListeningTests(index.project.mlruns)

    def make(self, who: Who, asked: Asked) -> ListeningTest:
        """A test that waits for raters."""
        asked.check()
        id, seed, moment = secrets.token_hex(8), secrets.randbits(31), now()
        folder = leftovers.Folder("listening", below=self.blobs.spool.below)
        try:
            order = {"folder": str(folder.path), "items": asked.items, "seed": seed, "kind": asked.kind}
            more = [asked.reference] if asked.kind == "mushra" and asked.reference != RECORDINGS else []
            made = self.index.several("clips", who.project, [*asked.entries, *more], judged=len(asked.entries), **order)
            kept = self._kept(made, who.project, f"listening:{id}")
        finally:
            folder.close()
        systems = [{**system, "entry": entry} for system, entry in zip(made["systems"], asked.entries, strict=True)]
        given = {
            **asked.model_dump(exclude={"entries", "items", "reference"}),
            "question": asked.question or QUESTIONS[asked.kind],
        }
        about = {"id": id, "project": who.project, "by": who.name, "created_at": moment, "changed_at": moment,
                 "seed": seed, "invitation": secrets.token_urlsafe(16), "dataset": made["dataset"]}  # fmt: skip
        return self.tests.keep(ListeningTest.model_validate({**kept, "systems": systems, **given, **about}))

    def _kept(self, made: dict[str, Any], project: str, reason: str) -> dict[str, Any]:
        """The sounds as blobs that stay while the test does."""
        held: dict[str, str] = {}

        def kept(clip: dict[str, Any]) -> dict[str, Any]:
            with Path(clip["path"]).open("rb") as file, self.blobs.spool.written(parts_of(file)) as received:
                facts = {"duration_s": clip["duration_s"]}
                blob = self.blobs.put(project, KEPT, received, FLAC, **facts)
            if blob.id not in held:
                self.blobs.pin(blob, reason)
                held[blob.id] = blob.id
            return {"blob": blob.id, "duration_s": clip["duration_s"]}

        try:
            return {
                "items": [{**item, "clips": [kept(clip) for clip in item["clips"]]} for item in made["items"]],
                "anchor": kept(made["anchor"]),
                "tones": [{**tone, "clip": kept(tone["clip"])} for tone in made["tones"]],
            }
        except BaseException:
            self.blobs.unpin(reason)
            raise
