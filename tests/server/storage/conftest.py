"""The two places that blobs are kept in: the same tests run on both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modellab.plan.serve_settings import Serve
from modellab.server.database import Database
from modellab.server.storage.blobs import Blobs
from tests.server import s3

PREFIX = "some/where"


@dataclass
class Place:
    """A folder, or a bucket of a server."""

    folder: Path
    s3: s3.S3 | None

    @property
    def setting(self) -> str:
        return f"s3://{s3.BUCKET}/{PREFIX}" if self.s3 else ""

    def keys(self) -> list[str]:
        """What is kept, by key."""
        if self.s3:
            return [key.removeprefix(f"{PREFIX}/") for key in self.s3.stored()]
        below = self.folder / "blobs"
        return sorted(path.relative_to(below).as_posix() for path in below.rglob("*") if path.is_file())

    def spooled(self) -> list[Path]:
        """What has come and is not kept."""
        return [path for path in (self.folder / "spool").rglob("*") if path.is_file()]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.S3]:
    with s3.server(tmp_path_factory.mktemp("s3")) as up:
        yield up


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "folder":
        return Place(tmp_path / "kept", None)
    up: s3.S3 = request.getfixturevalue("s3_server")
    up.make_bucket()
    for name, value in up.environment.items():
        monkeypatch.setenv(name, value)
    return Place(tmp_path / "kept", up)


@pytest.fixture
def blobs(place: Place) -> Iterator[Blobs]:
    database = Database("", place.folder)
    opened = Blobs(Serve(blobs=place.setting, quota_mb=1), place.folder, database)
    yield opened
    opened.close()
    database.close()
