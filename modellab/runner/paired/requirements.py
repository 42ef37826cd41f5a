"""What a revision wants installed, and an environment that has it.

The present interpreter serves when nothing that the model needs differs: the revision's `dependencies`, the model's
extra and what they pull in stand in its constraints.txt as they are installed here. Otherwise uv makes an environment,
once for each content of pyproject.toml and constraints.txt (see `virtualenv.py`).
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modellab.errors import ConfigError
from modellab.system import virtualenv
from modellab.system.virtualenv import Tell

CONSTRAINTS = "constraints.txt"
NOT_MEASURED = {"mlflow", "sqlalchemy", "pyarrow", "jinja2", "pillow"}  # by any worker, though older trees name them
WAY_OUT = "pip install uv, or name an environment with --against-env"


@dataclass(frozen=True, slots=True)
class Needs:
    """The part of a tree's pyproject.toml and constraints.txt that decides what is installed."""

    dependencies: tuple[str, ...] = ()
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()
    constraints: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path) -> Needs:
        """Read a tree; what is not there asks for nothing."""
        try:
            project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
        except FileNotFoundError:
            project = {}
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{root / 'pyproject.toml'} is not readable TOML: {error}") from error
        try:
            lines = (root / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        extras = sorted((str(name), tuple(needed)) for name, needed in project.get("optional-dependencies", {}).items())
        constraints = sorted(line.strip() for line in lines if line.strip() and not line.startswith("#"))
        return cls(tuple(project.get("dependencies", ())), tuple(extras), tuple(constraints))

    def wanted(self, extra: str) -> tuple[str, ...]:
        """The requirements of the project with an extra; an unknown one adds nothing."""
        return (*self.dependencies, *dict(self.extras).get(extra, ()))

    @property
    def digest(self) -> str:
        """A name for this content and this Python."""
        content = json.dumps([self.dependencies, self.extras, self.constraints, list(sys.version_info[:2])])
        return hashlib.sha256(content.encode()).hexdigest()[:12]


Have = Mapping[str, tuple[str, Sequence[str]]]  # canonical name of a distribution -> its version, its requirements


@cache
def present() -> Have:
    """What this interpreter has."""
    return {
        canonicalize_name(distribution.metadata["Name"]): (distribution.version, tuple(distribution.requires or ()))
        for distribution in distributions()
    }


def differs(then: Needs, now: Needs, extra: str, have: Have) -> str:
    """What of `then` is not as in `have`, as 'numpy==2.0 (2.1 is installed)'; '' if `have` serves.

    Only what the project with `extra` pulls in is compared: another version of a linter changes no measurement.
    Neither does MLflow, which older revisions name among their dependencies.
    """
    if then == now:
        return ""
    requirements = map(Requirement, then.wanted(extra))
    wanted = [needed for needed in requirements if canonicalize_name(needed.name) not in NOT_MEASURED]
    reached = _closure(wanted, have)
    pinned = [pin for pin in map(_requirement, then.constraints) if pin and canonicalize_name(pin.name) in reached]
    for requirement in filter(_applies, (*wanted, *pinned)):
        version, _ = have.get(canonicalize_name(requirement.name), ("", ()))
        if not version and requirement in wanted:
            return f"{requirement} (not installed)"
        if version and not requirement.specifier.contains(version, prereleases=True):
            return f"{requirement} ({version} is installed)"
    return ""


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:  # an option of pip, a URL
        return None


def _applies(requirement: Requirement, extras: Iterable[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _closure(wanted: Iterable[Requirement], have: Have) -> set[str]:
    """The canonical names of the requirements and of all that the installed ones pull in."""
    open_, seen = list(wanted), set[tuple[str, frozenset[str]]]()
    while open_:
        need = open_.pop()
        name, extras = canonicalize_name(need.name), frozenset(need.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            pulls = [pull for pull in map(_requirement, have.get(name, ("", ()))[1]) if pull is not None]
            open_ += [pull for pull in pulls if _applies(pull, extras)]
    return {name for name, _ in seen}


# ---------------------------------------------------------------------------- making one


def environment(root: Path, needs: Needs, extra: str, label: str, tell: Tell) -> Path:
    """The Python of an environment with what the tree at `root` wants, made first if it is not there whole."""
    constrained = ["--constraint", CONSTRAINTS] if needs.constraints else []
    extras = ["--extra", extra] if extra in dict(needs.extras) else []
    name = f"{needs.digest}{f'-{extra}' if extra else ''}"
    wanted = [*constrained, "--requirement", "pyproject.toml", *extras]
    return virtualenv.environment(name, label, wanted, root, WAY_OUT, tell)
