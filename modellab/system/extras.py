"""What the harness can do with packages that it does not bring: each extra, what it is for, and whether it is there.

    need("parquet", "`modellab report --parquet`")   # or ExtraError: it needs pyarrow: pip install 'modellab[parquet]'

The extras of models are named by their `config.yaml`. Nothing here is imported to be looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from modellab.errors import ExtraError
from modellab.system import installer


@dataclass(frozen=True, slots=True)
class Extra:
    """`packages` are import names; `brings` says what one can do with them."""

    packages: tuple[str, ...]
    brings: str


EXTRAS = {
    "mlflow": Extra(("mlflow",), "results in MLflow: `modellab sync`, `modellab ui`, `--from`"),
    "reports": Extra(
        ("jinja2", "matplotlib", "PIL", "ruptures"), "HTML pages, figures and sites; `modellab history` with its chart"
    ),
    "parquet": Extra(("pyarrow",), "`modellab report --parquet`; data in Parquet and Arrow"),
    "media": Extra(("av",), "audio beyond WAV, FLAC, OGG and MP3, and the sound of video"),
    "serve": Extra(
        (
            *("fastapi", "uvicorn", "httptools", "python_multipart", "websockets", "prometheus_client", "av"),
            *("sqlalchemy", "limits", "obstore", "pwdlib", "jinja2"),
        ),
        "`modellab serve`: OpenAI's audio API over the models of the suite",
    ),
    "postgres": Extra(("psycopg",), "`modellab serve` with PostgreSQL, on several machines"),
    "oidc": Extra(("authlib", "httpx2"), "people sign in to `modellab serve` as they do elsewhere"),
    "ray": Extra(("ray",), "`modellab run --executor ray:...`: workers on the machines of a Ray cluster"),
    "slurm": Extra(("submitit",), "`modellab run --executor slurm:...`: workers as an array of Slurm's"),
    "benchmark": Extra(("pytest_benchmark",), "timed calls as pytest-benchmark sees them"),
    "robustness": Extra(("torch_audiomentations",), "clips in noise, in rooms, on the telephone"),
    "speech-quality": Extra(("pyloudnorm", "speechmos"), "loudness and estimated opinion of synthesis"),
    "translation": Extra(("sacrebleu",), "BLEU and chrF"),
}
NAMES = {"PIL": "Pillow", "av": "PyAV", "mlflow": "MLflow"}  # where a package is not called as it is imported


def missing(extra: str) -> list[str]:
    """The packages of an extra that are not installed, by the names that people know."""
    return [NAMES.get(name, name) for name in EXTRAS[extra].packages if find_spec(name) is None]


def install(extra: str) -> str:
    """The command that brings an extra.

    >>> install("parquet")
    "pip install 'modellab[parquet]'"
    """
    return installer.command(f"modellab[{extra}]")


def command(problem: str) -> str:
    """The command of a sentence that ends in one of `install`; '' for other sentences.

    >>> command("counting BLEU needs sacrebleu: pip install 'modellab[translation]'")
    "pip install 'modellab[translation]'"
    >>> command("the clip is empty")
    ''
    """
    return next((advice for advice in map(install, EXTRAS) if problem.endswith(advice)), "")


def lacking(extra: str, what: str) -> str:
    """Why `what` cannot be done, with the command that mends it; '' where all of the extra is there."""
    if not (names := missing(extra)):
        return ""
    are = "which is" if len(names) == 1 else "which are"
    return f"{what} needs {_listed(names)}, {are} not installed: {install(extra)}"


def need(extra: str, what: str) -> None:
    """ExtraError where `what` cannot be done."""
    if problem := lacking(extra, what):
        raise ExtraError(problem)


def _listed(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
