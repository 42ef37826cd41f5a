"""The notebooks on the site: their text, code and what was printed, as Markdown. Sound stays in the notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"


def names() -> list[str]:
    """Every notebook there is."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def page(name: str) -> str:
    """A notebook as Markdown."""
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return "\n\n".join(part for cell in notebook["cells"] for part in _parts(cell, name)) + "\n"


def _parts(cell: dict[str, Any], name: str) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        if source.startswith("# "):
            yield f"The notebook itself, to run: [{name}.ipynb]({name}.ipynb)."
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            yield f"```text\n{''.join(output['text']).rstrip()}\n```"
