"""Cases of models that ran elsewhere: there is no folder for them, only hypotheses that were scored here.

Such a case is called like any other, `acme:v2-short_v1-elsewhere-unknown`, and has baselines like any other, but for
speed and memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from modellab import datasets
from modellab.errors import ConfigError, ModellabError
from modellab.models import IS_NAME, NAME, Model, Variant
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.types import CaseId
from modellab.types.readings import ELSEWHERE

PRECISION = "unknown"
VARIANT = "given"  # where none is named
MACHINE = "elsewhere"  # class of speed and memory, of which there are none


def case(project: Project, folder: Path, name: str) -> Case:
    """The case of a model called MODEL or MODEL:VARIANT on a dataset; ConfigError for a name that no file can have."""
    model, colon, variant = name.partition(":")
    if not model.isidentifier():
        hint = re.sub(r"\W+", "_", model).strip("_")
        hint = hint if hint.isidentifier() else f"model_{hint}".rstrip("_")
        raise ConfigError(f"--model {name}: expected letters, digits and _ as the model's name, such as {hint}")
    if colon and not NAME.fullmatch(variant):
        raise ConfigError(f"--model {name}: the variant is {variant!r}, {IS_NAME}")
    header = datasets.header(folder)
    key = CaseId(header.task, folder.name, model, variant or VARIANT, ELSEWHERE, PRECISION)
    return _case(project, key, folder, header)


def named(project: Project, name: str) -> Case | None:
    """The case with this id, `acme:v2-short_v1-elsewhere-unknown`; None for any other id."""
    for folder in datasets.available(project.golden):
        end = f"-{folder.name}-{ELSEWHERE}-{PRECISION}"
        if name.endswith(end) and ":" in name:
            return case(project, folder, name.removesuffix(end))
    return None


def cases(project: Project, keys: Iterable[CaseId]) -> Iterator[Case]:
    """The cases of those keys that ran elsewhere and whose dataset is here, each once."""
    for key in dict.fromkeys(key for key in keys if key.device == ELSEWHERE):
        folder = project.golden / key.dataset
        try:
            header = datasets.header(folder)
        except ModellabError:
            continue
        if header.task == key.task:
            yield _case(project, key, folder, header)


def _case(project: Project, key: CaseId, folder: Path, header: datasets.Header) -> Case:
    variant = Variant(weights="")
    model = Model(
        summary="a model that ran elsewhere", tasks=(key.task,), status="experimental", devices={},
        variants={key.variant: variant},
    )  # fmt: skip
    return Case(key, model, variant, project.root / key.model, folder, header)
