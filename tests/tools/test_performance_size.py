"""The measurement of large datasets, on a small one: every figure comes, and the page has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab.datasets.importers import manifest_file
from tools.performance import size


def test_every_part_is_measured_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_file, "MOST_IN_YAML", 20)
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    manifest = size.make_source(tmp_path / "source", 50, files=3)
    place = size.Places(manifest, tmp_path / "golden" / "size_v1")
    figures: dict[str, float] = {"rows": 50, "manifest_mb": 1.0, "parquet_mb": 0.5, "import_over_parse": 9.5}
    figures |= {"import_least_cpu_s": 55.0, "import_most_cpu_s": 66.0}
    for name in size.PARTS:
        figures |= {f"{name}_{unit}": value for unit, value in size.child(name, place).items()}
    assert all(figures[name] > 0 for name in size.TARGETS)
    assert (tmp_path / "golden" / "size_v1" / "rows.parquet").exists()
    page = size.text(figures, "a-1t", "2026-01-01")
    assert "50 rows of 1,000 recordings: a manifest of 1 MB becomes 0 MB of Parquet." in page
    assert "the median\nof 3, which took 55 to 66 s of it." in page
    assert all(f"`{name}`" in page for name in (*size.PARTS, *size.TARGETS))
