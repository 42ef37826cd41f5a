"""librivox_v1: five sentences that a person read for LibriVox, by the import command, with one transcript corrected."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from modellab import datasets

PRESET = "preset:librivox-sense-and-sensibility"
SOURCE = (
    "read for LibriVox (Jane Austen, Sense and Sensibility, chapter 1; in the public domain), from pocketsphinx's"
    " source package 5.1.1; one transcript is corrected from 'a more a amiable woman', where the book has 'a more"
    " amiable woman': by the book, nobody listened"
)
WRONG, RIGHT = "a more a amiable woman", "a more amiable woman"


def make(folder: Path) -> None:
    """Import it into `folder`, correct the transcript, say so."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        (Path(place) / "golden").mkdir()  # a project of its own, whatever lies around it
        command = [sys.executable, "-m", "modellab", "datasets", "import", PRESET]
        if subprocess.run([*command, "--into", folder.name, "--tier", "real"], cwd=place, check=False).returncode:
            raise SystemExit(1)  # what went wrong stands above
        shutil.rmtree(folder, ignore_errors=True)
        (Path(place) / "golden" / folder.name).rename(folder)
    manifest = folder / datasets.FILE_NAME
    text = manifest.read_text(encoding="utf-8")
    if text.count(WRONG) != 1:
        raise SystemExit(f"{PRESET}: expected {WRONG!r} in one transcript, which this corrects")
    text = text.replace(WRONG, RIGHT).replace('"imported as trn"', json.dumps(SOURCE))
    text = re.sub(r"^import:", 'cluster: "utterance"\nmade: "make real"\nimport:', text, flags=re.MULTILINE)
    manifest.write_text(text, encoding="utf-8")
    datasets.write_digest(folder)
