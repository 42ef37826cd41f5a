"""What the candidate is timed against: a revision, another environment, another variant, or two of them at once.

| given | the base's code and model folder | its Python | its variant |
|---|---|---|---|
| `--against REVISION` | the revision's | the present one where it serves, else one made for it | the same |
| `--against MODEL:VARIANT`, `:VARIANT` | the working tree's | the present one | that one |
| `--against-env PATH` | the working tree's, or the revision's of `--against` | the one at PATH | as above |

Audio always comes from the working tree's dataset.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from modellab import models
from modellab.errors import ConfigError, NoBaseError, did_you_mean
from modellab.models import Model, weights
from modellab.plan.availability import missing_device, why_not
from modellab.plan.matrix import Broken, Matrix, ModelInstance
from modellab.runner.paired import worktree
from modellab.system import textfile

PACKAGE = models.FOLDER.parent.resolve()  # modellab itself, as this process imports it


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference, resolved and not yet made: no file has been written for it.

    `commit` is '' for the working tree's own code, `model` and `variant` are '' for those of the candidate, `python`
    is None unless --against-env names one.
    """

    label: str  # as typed, a revision with its commit: 'HEAD~1 1a2b3c4'
    root: Path  # of the project
    top: Path = Path()  # of the git working tree, if there is a commit
    commit: str = ""
    model: str = ""
    variant: str = ""
    python: Path | None = None
    matrix: Matrix | None = field(default=None, compare=False)
    package: Path = field(default=PACKAGE, compare=False)

    def instance(self, case: ModelInstance, tree: Path | None, *, download: bool = False) -> ModelInstance:
        """What the base loads for a case; `tree` is the revision's folder. NoBaseError with the reason if nothing."""
        folder = self._folder(case, tree)
        try:
            model = models.config(folder)
        except ConfigError as error:
            raise NoBaseError(f"{folder.name} cannot be read there: {error}") from error
        name = self.variant or case.key.variant
        if case.key.task and case.key.task not in model.tasks:
            raise NoBaseError(f"{folder.name} has no task {case.key.task} there")
        if name not in model.variants:
            raise NoBaseError(f"{folder.name} has no variant {name} there")
        key = replace(case.key, model=folder.name, variant=name, precision=self._precision(case, model, name))
        instance = ModelInstance(key, model, model.variants[name], folder)
        if reason := self._why_not(instance, download=download):
            raise NoBaseError(reason)
        return instance

    def _why_not(self, instance: ModelInstance, *, download: bool) -> str:
        """Why this machine cannot run it; what another environment has installed shows when it loads."""
        if not (self.commit or self.python):
            return why_not(instance, download=download)
        absent = "" if download else weights.why_missing(instance.source)
        return missing_device(instance.key.device, instance.variant) or absent

    def _precision(self, case: ModelInstance, model: Model, name: str) -> str:
        """The case's own, or for another variant its first on the device."""
        offered = [precision for device, precision in model.device_precisions(name) if device == case.key.device]
        if case.key.precision in offered:
            return case.key.precision
        if offered and self.variant:
            return offered[0]
        raise NoBaseError(f"{case.folder.name}:{name} is not offered on {case.key.device} at {case.key.precision}")

    def _folder(self, case: ModelInstance, tree: Path | None) -> Path:
        """The base's model folder: in the revision's tree where the candidate's is under version control."""
        if self.model and self.model != case.key.model:
            assert self.matrix is not None, "a model by name comes with the matrix it was found in"
            return models.folders(self.matrix.project.models)[self.model]
        folder = case.folder.resolve()
        if tree is None or not folder.is_relative_to(self.top) or worktree.ignores(self.top, folder):
            return case.folder
        then = tree / folder.relative_to(self.top)
        if not (then / "config.yaml").is_file():
            raise NoBaseError(f"there is no model {folder.name} there")
        return then

    def code(self, tree: Path | None) -> Path | None:
        """The folder that holds the base's modellab; None: it is not under version control here, or not there yet."""
        if tree is None or not self.package.is_relative_to(self.top) or worktree.ignores(self.top, self.package):
            return None
        return tree / self.package.parent.relative_to(self.top)

    def search_path(self, tree: Path | None) -> list[Path]:
        """The folders of the project that this process imports from, as they lie in the tree.

        Without them an adapter's helpers, installed here in editable form, would come from the working tree.
        """
        if tree is None:
            return []
        prefixes = (Path(sys.prefix), Path(sys.base_prefix))
        own = [path for entry in sys.path if entry and (path := Path(entry).resolve()).is_relative_to(self.top)]
        inside = [path for path in own if not any(path.is_relative_to(prefix) for prefix in prefixes)]
        there = [tree / path.relative_to(self.top) for path in (self.top / "src", *inside)]
        return [path for path in dict.fromkeys(there) if path.is_dir()]


def resolve(ref: str, env: str, matrix: Matrix, here: Path) -> Reference:
    """--against and --against-env (a path from `here`) as a Base; ConfigError in one sentence for what is none."""
    root = matrix.project.root
    python = _python(env, here) if env else None
    plain = Reference(env, root, python=python)
    if not ref:
        return plain
    inside = f" in {env}" if env else ""
    if ":" in ref and (named := _variant(ref, matrix)) is not None:
        model, variant = named
        return replace(plain, label=f"{ref}{inside}", model=model, variant=variant, matrix=matrix)
    if hash := worktree.commit(root, ref):
        label = hash[:7] if hash.startswith(ref) else f"{ref} {hash[:7]}"
        return replace(plain, label=f"{label}{inside}", top=worktree.toplevel(root).resolve(), commit=hash)
    raise ConfigError(f"--against {ref!r}: {_why_neither(ref, matrix)}")


def _variant(ref: str, matrix: Matrix) -> tuple[str, str] | None:
    """MODEL:VARIANT or :VARIANT of the matrix; None if there is none."""
    model, _, variant = ref.partition(":")
    known = [entry for entry in matrix.models if not isinstance(entry, Broken) and model in ("", entry[0].name)]
    return (model, variant) if any(variant in entry[1].variants for entry in known) else None


def _why_neither(ref: str, matrix: Matrix) -> str:
    """Why a REF is neither a variant nor a revision."""
    root = matrix.project.root
    if (root / ref).is_dir() or (Path(ref) / "bin" / "python").exists():
        return "this is a folder; another environment is named with --against-env"
    good = [entry for entry in matrix.models if not isinstance(entry, Broken)]
    variants = [f"{folder.name}:{name}" for folder, model in good for name in model.variants]
    if ":" in ref:
        known = sorted({f":{known.partition(':')[2]}" for known in variants}) if ref.startswith(":") else variants
        return f"no such variant, {did_you_mean(ref, known)}"
    if ref in {folder.name for folder, _ in good}:
        own = [variant for variant in variants if variant.startswith(f"{ref}:")]
        return f"a model is named with its variant, {did_you_mean(ref, own)}"
    try:
        top = worktree.toplevel(root)
    except ConfigError as error:
        return f"expected a git revision, MODEL:VARIANT or :VARIANT, and {error}"
    shallow = " (this clone is shallow: fetch the commit first)" if worktree.is_shallow(top) else ""
    return f"git knows no such revision in {top}{shallow}, and MODEL:VARIANT or :VARIANT has a colon"


def _python(env: str, here: Path) -> Path:
    """The Python of an environment: a folder with bin/python, or the program itself."""
    given = here / textfile.expanded(env, "--against-env")
    for path in (given / "bin" / "python", given):
        if path.is_file() and os.access(path, os.X_OK):
            return path.absolute()
    if os.sep not in env and (program := shutil.which(env)):
        return Path(program).absolute()
    raise ConfigError(f"--against-env {env!r}: {given} is no folder with bin/python, and no python")
