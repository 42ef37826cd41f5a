"""The base's worker process: the right Python, the right modellab, and its name on whatever goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab.errors import ModellabError, WorkerError
from modellab.models import environment
from modellab.runner.evaluate import Handle
from modellab.runner.paired import requirements, worktree
from modellab.runner.paired.reference import PACKAGE, Reference
from modellab.runner.paired.requirements import Needs
from modellab.runner.worker import Worker
from modellab.system import virtualenv
from modellab.system.cache import home
from modellab.system.json_child import MoreTime
from modellab.system.virtualenv import Tell

ANSWER_S = 120.0  # importing modellab on a slow disk
ASK = "import modellab.worker; print(modellab.worker.__file__)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a base's process runs: its Python, its working folder, the folder of its modellab, what it imports from."""

    python: Path
    cwd: Path | None = None
    code: Path | None = None
    path: tuple[Path, ...] = ()

    @property
    def env(self) -> dict[str, str]:
        """The variables that make it so. Another Python sees nothing of this one's PYTHONPATH."""
        if not self.path:
            return {}
        inherited = os.environ.get("PYTHONPATH", "") if self.python == Path(sys.executable) else ""
        kept = [str(Path(entry).absolute()) for entry in inherited.split(os.pathsep) if entry]
        return {
            "PYTHONPATH": os.pathsep.join([*map(str, self.path), *kept]),
            "MODELLAB_CACHE": str(home().absolute()),  # a relative one would be another one there
        }


@dataclass(slots=True)
class Places:
    """Makes what a base needs on first use: the worktree, the environment. A failure is remembered, not tried again."""

    base: Reference
    tell: Tell
    tree: Path | None = None
    made: dict[str, Place | ModellabError] = field(default_factory=dict)  # by the extra or the folder of the model
    notes: dict[str, str] = field(default_factory=dict)  # by the same: which environment it is

    def checkout(self) -> Path | None:
        """The revision's folder; None where the base is the working tree's own code."""
        if self.base.commit and self.tree is None:
            self.tree = worktree.worktree(self.base.top, self.base.commit)
        return self.tree

    def get(self, extra: str) -> Place:
        """The place for a model that needs an extra of the project. Raises WorkerError, the same one every time."""
        return self._once(extra, lambda: self._interpreter(extra))

    def own(self, folder: Path) -> Place:
        """The place for a model, in the base's folder, that has an environment of its own."""
        return self._once(str(folder), lambda: environment.make(folder, self.tell))

    def _once(self, name: str, interpreter: Callable[[], Path]) -> Place:
        if name not in self.made:
            try:
                self.checkout()
                self.made[name] = self._make(self.base.python or interpreter())
            except ModellabError as error:
                self.made[name] = error
        made = self.made[name]
        if isinstance(made, ModellabError):
            raise made
        return made

    def _make(self, python: Path) -> Place:
        base, tree = self.base, self.tree
        code = base.code(tree)
        if code is None and python != Path(sys.executable):
            code = virtualenv.alone()
        if code is None and tree is None:
            return Place(python)  # just as the candidate
        path = [*([code] if code else []), *base.search_path(tree)]
        cwd = tree / base.root.resolve().relative_to(base.top) if tree else code
        place = Place(python, cwd, code, tuple(dict.fromkeys(path)))
        _check(place, base.label)
        return place

    def _interpreter(self, extra: str) -> Path:
        """The present Python where it has what the revision wants, else one made for it."""
        base, tree = self.base, self.tree
        if tree is None:
            return Path(sys.executable)
        root = tree / base.root.resolve().relative_to(base.top)
        then = Needs.of(root)
        if other := requirements.differs(then, Needs.of(base.root), extra, requirements.present()):
            python = requirements.environment(root, then, extra, base.label, self.tell)
            self.notes[extra] = f"{base.label} runs in an environment of its own: it wants {other}"
            return python
        self.notes[extra] = f"{base.label} runs in the present environment, which has what it wants"
        return Path(sys.executable)


def _check(place: Place, label: str) -> None:
    """Ask the base's Python which modellab it would run. Raises WorkerError if none, or another one."""
    try:
        done = subprocess.run(
            [str(place.python), "-c", ASK],
            cwd=place.cwd,
            env={**os.environ, **place.env},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WorkerError(f"the base ({label}) cannot run {place.python}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WorkerError(
            f"the base ({label}) cannot run modellab in {place.python}: {last}; it needs modellab's dependencies and"
            " the model's engine there"
        )
    package = Path(done.stdout.strip().splitlines()[-1]).resolve().parents[1]
    wanted = (place.code / PACKAGE.name).resolve().parent if place.code else PACKAGE.parent
    if package != wanted:
        raise WorkerError(
            f"the base ({label}) would run the modellab of {package} and not that of {wanted}: has it one?"
        )


class Named:
    """A handle whose errors say that they are the base's."""

    def __init__(self, handle: Handle, label: str) -> None:
        self.handle, self.label = handle, label

    def ask(
        self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: MoreTime | None = None
    ) -> dict[str, Any]:
        """The handle's answer."""
        try:
            return self.handle.ask(verb, order, timeout_s, more_s)
        except ModellabError as error:
            raise type(error)(f"the base ({self.label}): {error}") from error

    def close(self) -> None:
        self.handle.close()


def start(place: Place, threads: int, label: str, further: Iterable[str] = ()) -> Named:
    """A worker at that place; `further` names variables of the environment that its model wants."""
    return Named(Worker(threads, str(place.python), place.cwd, place.env, further, older=True), label)
