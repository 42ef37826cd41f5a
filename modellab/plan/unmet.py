"""Datasets that no case covers, and why; and what would make skipped cases run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from modellab.datasets import Header
from modellab.models import Variant
from modellab.plan import only
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.selection import find_model
from modellab.system import installer

FETCH = "modellab models fetch "
COMMANDS = (FETCH, installer.command(), "modellab models install ", "make ", "modellab ")
FIRST = ("faster_whisper:tiny.en", "faster_whisper:base", "faster_whisper:")  # small, quick, and known to many


def datasets(matrix: Matrix) -> Iterator[str]:
    """A sentence for each dataset that no model meets."""
    met: dict[str, set[Path]] = {}  # by task
    for entry in matrix.datasets:
        if isinstance(entry, Broken):
            continue
        folder, header = entry
        if header.task not in met:
            met[header.task] = {case.dataset for case in matrix.cases(header.task) if isinstance(case, Case)}
        if folder not in met[header.task]:
            yield f"{folder.name}: no model meets it, {_why(matrix, header)}"


def _why(matrix: Matrix, header: Header) -> str:
    spoken = f" in {header.language}" if header.language else ""
    domain = "" if header.domain == "open" else f" of domain {header.domain}"
    wanted = f"none does {header.task}{spoken}{domain}"
    names = ", ".join(matrix.project.only)
    if names:
        toys = "; those of domain lab know a small vocabulary alone" if header.domain == "open" else ""
        return f"{wanted} of those that this suite is about (only = {names} in pyproject.toml){toys}"
    return f"{wanted}: `modellab models` shows what there is, `modellab models new` begins one of your own"


def models(matrix: Matrix, names: Sequence[str]) -> str:
    """Why none of these models meets any dataset, where one sentence says it of all of them; '' otherwise."""
    project, shown = matrix.project, " and ".join(names)
    if not names:
        return ""
    if all(only.left_out(project, matrix, name) for name in names):
        known = ", ".join(project.only)
        return (
            f"this suite is about {known}: add {shown} to `only` in {project.root / 'pyproject.toml'} to have it, too"
        )
    domains = {header.domain for _, header in (entry for entry in matrix.datasets if isinstance(entry, tuple))}
    needed = {variant.domain for name in names for variant in _variants(matrix, name) if not variant.datasets}
    if needed and "open" not in needed and not needed & domains:
        wanted = " or ".join(sorted(needed))
        return (
            f"{shown} knows a small vocabulary (domain {wanted}) and no dataset here is of it: name weights that know"
            " any words under `variants` in its config.yaml"
        )
    return ""


def _variants(matrix: Matrix, name: str) -> Iterator[Variant]:
    """The variants that MODEL[:VARIANT] names."""
    _, model, variant = find_model(matrix, name)
    return (offered for label, offered in model.variants.items() if variant in ("", label))


def what_would(reasons: Iterable[str]) -> str:
    """The command that would make one of the skipped cases run; '' where no reason names one.

    >>> what_would(["no NVIDIA driver: CUDA cases need an NVIDIA GPU", "no weights here: modellab models fetch a:b"])
    'modellab models fetch a:b'
    """
    mends = [reason.partition(": ")[2] for reason in reasons]
    commands = [mend for begin in COMMANDS for mend in mends if mend.startswith(begin)]
    preferred = (command for name in FIRST for command in commands if command.startswith(FETCH + name))
    return next(preferred, commands[0] if commands else "")
