"""Audio through preprocessing on its way to a model, for every task, and the outputs of its pieces as one.

A task's `prepare` gives `Audio`, a record with an `Audio` among its fields, or a list of texts and `Audio`. Of the
first two a chain may make several pieces: the model is called for each, within one timed passage, and the task's
`joined` makes one output of theirs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from modellab.errors import ConfigError, WorkerError
from modellab.tasks import Joining, Task, unjoined
from modellab.types import Audio

if TYPE_CHECKING:
    from modellab.audio.preprocessing import Chain

LIBRARIES = ("numpy", "scipy", "soxr")
Ask = Callable[..., dict[str, Any]]  # verb, order, seconds that it may take, and what gives it more
Piece = tuple[float, Any]  # where it begins in the recording, in s, and what the model is given


def pieces(given: Any, chain: Chain) -> list[Piece]:
    """What a model is given, piece by piece; a chain changes nothing where there is no audio."""
    if isinstance(given, Audio):
        return [(piece.start_s, piece.audio) for piece in chain.apply(given)]
    if type(given) in {list, tuple}:  # what is said one after the other, each answered before the next
        return [(0.0, [_whole(piece, chain) if isinstance(piece, Audio) else piece for piece in given])]
    for name in _fields(given):
        if isinstance(part := getattr(given, name), Audio):
            change = _changer(given, name)
            return [(piece.start_s, change(piece.audio)) for piece in chain.apply(part)]
    return [(0.0, given)]


def asking(ask: Ask, chain: str) -> Ask:
    """The same questions to a model's process, with the chain that its audio goes through in each call of the model.

    WorkerError for a modellab at the other end that does not know of it: it heard something else.
    """
    if not chain:
        return ask

    def through(verb: str, order: Mapping[str, Any], *limits: Any) -> dict[str, Any]:
        if verb not in {"utterance", "utterances"}:
            return ask(verb, order, *limits)
        reply = ask(verb, {**order, "preprocessing": chain}, *limits)
        if reply.get("preprocessing") != chain:
            raise WorkerError(f"its modellab is older and heard the audio without its preprocessing, {chain}")
        return reply

    return through


def output(task: Task, parts: Sequence[tuple[float, Any]]) -> Any:
    """The encoded outputs of the pieces, each with where its piece begins in the recording, as one."""
    if len(parts) == 1 and parts[0][0] == 0:
        return parts[0][1]
    if not isinstance(task, Joining):  # a plan leaves such cases out
        raise ConfigError(unjoined(task.NAME, ("a step",)))
    return task.joined(parts)


def provenance(chain: Chain, chain_from: str) -> dict[str, str]:
    """What a result says of its preprocessing: the chain, who asked for it, the libraries; {} where there is none."""
    if not chain:
        return {}
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return {"preprocessing": str(chain), "preprocessing_from": chain_from, "preprocessing_libraries": libraries}


def _whole(given: Audio, chain: Chain) -> Audio:
    """Audio that stays one piece: no step of its chain cuts."""
    (made,) = chain.apply(given)
    return made.audio


def _fields(given: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(given):
        return tuple(field.name for field in dataclasses.fields(given))
    return tuple(getattr(given, "_fields", ()))


def _changer(given: Any, name: str) -> Callable[[Audio], Any]:
    """What puts another audio into a record."""
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        return lambda audio: dataclasses.replace(given, **{name: audio})
    return lambda audio: given._replace(**{name: audio})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"
