"""One model in one task, loaded, and the questions the contract asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab.contract import sounds
from modellab.errors import ModellabError
from modellab.plan.matrix import ModelInstance
from modellab.runner.evaluate import Loaded, load
from modellab.runner.worker import Worker
from modellab.tasks import Task
from modellab.types import Row
from modellab.types.rows import seconds, sendable

OF_TEXT = ("tts", "chat")  # tasks whose model is told something rather than made to hear it
MORE: Mapping[str, Mapping[str, Any]] = {  # what a row of the task has beside its sound
    "alignment": {"words": [["a", 0.0, 0.05], ["i", 0.05, 0.1]]},  # short: 0.1 s of sound must hold them
    "robustness": {"condition": "clean"},
    "translation": {"source_language": "en", "target_language": "de"},
}


@dataclass(slots=True)
class Subject:
    """A loaded model in one of its tasks."""

    task: Task
    instance: ModelInstance
    folder: Path  # for the sounds
    loaded: Loaded

    @classmethod
    def of(cls, task: Task, instance: ModelInstance, folder: Path, threads: int) -> Subject:
        """Load the model in a process of its own. Raises WorkerError."""
        worker = Worker(threads, **instance.place)
        try:
            loaded = load(instance, worker, threads)
            loaded.ask("start", {"task": task.NAME})
        except ModellabError:
            worker.close()
            raise
        return cls(task, instance, folder, loaded)

    @property
    def name(self) -> str:
        return f"{self.instance.key.model}:{self.instance.key.variant}"

    @property
    def draws(self) -> bool:
        """Whether its config.yaml says that outputs differ from run to run."""
        return self.instance.model.seeds_for(self.instance.key.variant) > 1

    @property
    def asked(self) -> tuple[str, str]:
        return self.instance.key.device, self.instance.key.precision

    @property
    def hears(self) -> bool:
        return self.task.NAME not in OF_TEXT

    def sound(self, name: str) -> sounds.Sound:
        return sounds.write(self.folder, name)

    def heard(self, name: str) -> Any:
        """The output for a sound; skips a task whose input is text."""
        sound = self.sound(name)
        row = {"id": "contract", "audio": sound.path, "duration_s": sound.duration_s, **MORE.get(self.task.NAME, {})}
        return self._output(row)

    def told(self, text: str) -> Any:
        """The output for a text."""
        return self._output({"id": "contract", "text": text, "script": [{"text": text}]})

    def remembered(self, name: str) -> Any:
        """What a baseline would keep of the output for a sound or a text: no times, no paths."""
        return self.task.remember(self.heard(name) if self.hears else self.told(name))

    def anything(self) -> Any:
        """What it says to an ordinary input of the task."""
        return self.remembered("hum" if self.hears else "the garden door is open")

    def something_else(self) -> Any:
        """What it says to another input, which may leave something behind."""
        return self.remembered("noise" if self.hears else "seven")

    def peak_bytes(self, calls: int) -> float:
        """The peak of resident memory over so many calls."""
        self.loaded.ask("start", {"task": self.task.NAME})
        for _ in range(calls):
            self.anything()
        return float(self.loaded.ask("finish", {"device": self.instance.key.device})["peak_rss_bytes"])

    def computes_with(self) -> list[str]:
        """`device/precision` of what the model computes with, where it can be seen."""
        return list(self.loaded.ask("inspect", {})["computes_with"])

    def ends(self) -> bool:
        """Close the model; whether its process is gone."""
        handle = self.loaded.handle
        handle.close()
        assert isinstance(handle, Worker)
        return handle.process.poll() is not None

    def _output(self, row: Row) -> Any:
        return self.loaded.ask("utterance", {"row": sendable(row)}, seconds(row))["output"]
