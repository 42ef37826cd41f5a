"""Sources elsewhere, by stand-ins: a web server on loopback, memory, pyarrow's file systems, a hub."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from modellab import datasets
from modellab.datasets.importers import Options, importing, remote, remote_places
from modellab.datasets.importers.request import ImportRequest
from modellab.errors import DatasetError
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import LAYOUTS, TEXTS


@dataclass
class Server:
    """A web server on loopback. `files` are its bodies, `cut` those that break off, `asked` what was asked for.

    `logins` are the users and passwords that came with each question.

    `refused` are the files that it gives to nobody, each with the status that it answers.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)
    address: str = ""

    def serve(self, folder: Path, at: str = "") -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                self.files[f"/{at}{file.relative_to(folder).as_posix()}"] = file.read_bytes()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    held = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            name = unquote(urlsplit(self.path).path)
            held.asked.append(f"{self.command} {self.path}")
            held.logins.append(self.headers.get("Authorization", ""))
            body = held.files.get(name)
            status = held.refused.get(name, 404 if body is None else 200)
            body = body if status == 200 else None
            self.send_response(status)
            self.send_header("Content-Length", str(len(body or b"")))
            self.send_header("ETag", '"one"')
            self.send_header("X-Error-Code", {200: "", 404: "RepoNotFound"}.get(status, "GatedRepo"))
            self.end_headers()
            if body and self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if name in held.cut else body)

        def log_message(self, *given: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    held.address = f"http://127.0.0.1:{running.server_address[1]}"
    yield held
    running.shutdown()
    running.server_close()


def fetched(address: str, options: Options, request: ImportRequest = remote.NOTHING) -> remote.Fetched:
    """What an address names, which stays in the cache."""
    with remote.fetched(address, options, request) as found:
        return found


def cached(tmp_path: Path) -> list[str]:
    """The files that sources have in the cache, by name."""
    sources = tmp_path / "cache" / "sources"
    return sorted(path.name for path in sources.glob("[!.]*/**/*") if path.is_file())


def test_a_manifest_on_the_web_with_its_audio(server: Server, tmp_path: Path) -> None:
    LAYOUTS["nemo"][1](tmp_path / "data")
    server.serve(tmp_path / "data", "set/")
    found = fetched(f"{server.address}/set/manifest.json?signature=secret", Options())
    assert (found.source, found.revision) == (f"{server.address}/set/manifest.json", "one")
    assert cached(tmp_path) == sorted([*(f"{id}.wav" for id in TEXTS), "manifest.json"])
    assert not any("secret" in asked for asked in server.asked if "manifest" not in asked)
    count = len(server.asked)
    again = fetched(f"{server.address}/set/manifest.json", Options())
    assert again == found
    assert server.asked[count:] == ["HEAD /set/manifest.json"]  # the rest is there


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        ("mls", "mls_polish/test/transcripts.txt"),
        ("commonvoice", "test.tsv"),
        ("csv", "meta.csv"),
        ("parquet", "meta.parquet"),
        ("audiofolder", "test/metadata.csv"),
        ("webdataset", "ls-000000.tar"),
    ],
)
def test_the_audio_of_a_manifest_on_the_web_lies_where_its_format_has_it(
    server: Server, tmp_path: Path, layout: str, name: str
) -> None:
    form, recipe, _ = LAYOUTS[layout]
    recipe(tmp_path / "data")
    server.serve(tmp_path / "data")
    made = importing.run(
        f"{server.address}/{name}", tmp_path / "golden" / "new_v1", Options(), ImportRequest(language="en"), {}
    )
    assert (made.form, made.sound, made.left) == (form, 2 if layout == "webdataset" else len(TEXTS), [])


def test_a_user_and_password_are_for_the_server_and_nobody_else(server: Server, tmp_path: Path) -> None:
    LAYOUTS["nemo"][1](tmp_path / "data")
    server.serve(tmp_path / "data")
    found = fetched(f"{server.address.replace('://', '://me:p%40ss@')}/manifest.json", Options())
    assert found.source == f"{server.address}/manifest.json"
    assert cached(tmp_path) == sorted([*(f"{id}.wav" for id in TEXTS), "manifest.json"])
    assert set(server.logins) == {"Basic bWU6cEBzcw=="}  # me:p@ss
    fetched(f"{server.address}/manifest.json", Options())
    assert server.logins[-1] == ""


def test_half_a_download_is_never_seen(server: Server, tmp_path: Path) -> None:
    LAYOUTS["nemo"][1](tmp_path / "data")
    server.serve(tmp_path / "data")
    server.cut.add(f"/wav/{next(iter(TEXTS))}.wav")
    with pytest.raises(DatasetError, match=r"wav: [\d,]+ of [\d,]+ bytes came; the connection broke off"):
        fetched(f"{server.address}/manifest.json", Options())
    assert cached(tmp_path) == ["manifest.json"]
    server.cut.clear()
    fetched(f"{server.address}/manifest.json", Options())
    assert len(cached(tmp_path)) == 5


def test_what_is_not_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"/gone\.json: the server says 404"):
        fetched(f"{server.address}/gone.json", Options())
    with pytest.raises(DatasetError, match=r"http://127\.0\.0\.1:9/a\.json cannot be reached"):
        fetched("http://me:password@127.0.0.1:9/a.json?key=1", Options())
    with pytest.raises(DatasetError, match="there is nothing of this name"):
        fetched("memory://nowhere/at/all", Options())
    with pytest.raises(DatasetError, match=r"xyz://a cannot be opened \(Protocol not known: xyz"):
        fetched("xyz://a", Options())
    rows = [{"audio_filepath": "gone.wav", "text": "a"}, {"audio_filepath": "../../../etc/hosts.wav", "text": "b"}]
    server.files["/m.json"] = layouts.lines(rows).encode()
    assert fetched(f"{server.address}/m.json", Options()).path.read_bytes() == server.files["/m.json"]
    assert [asked for asked in server.asked if "hosts" in asked] == []


def test_a_tree_in_memory_and_only_a_part_of_it(server: Server, tmp_path: Path) -> None:
    import fsspec

    LAYOUTS["librispeech"][1](tmp_path / "data")
    system = fsspec.filesystem("memory")
    system.put(str(tmp_path / "data"), "/tree", recursive=True)
    try:
        whole = fetched("memory://tree", Options())
        assert sum(name.endswith(".flac") for name in cached(tmp_path)) == 4
        assert whole.revision.startswith("listing:")
        system.pipe("/tree/test-mini/7/21/7-21.trans.txt", b"7-21-0000 ANOTHER TEXT\n")
        part = fetched("memory://tree", Options(), ImportRequest(only=("test-mini/7/*",)))
        assert part.revision != whole.revision
        assert {file.name for file in part.path.rglob("*.*")} == {"7-21.trans.txt", "7-21-0000.flac", "7-21-0001.flac"}
    finally:
        system.rm("/tree", recursive=True)


def test_a_bucket_through_pyarrow(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import fs

    LAYOUTS["nemo"][1](tmp_path / "bucket" / "corpus")

    class Stand:
        @staticmethod
        def from_uri(address: str) -> tuple[fs.FileSystem, str]:
            assert address.startswith("s3://")
            return fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), address.removeprefix("s3://")

    monkeypatch.setattr(fs, "FileSystem", Stand)
    found = fetched("s3://bucket/corpus/manifest.json", Options())
    assert (found.path.name, found.source) == ("manifest.json", "s3://bucket/corpus/manifest.json")
    assert len(cached(tmp_path)) == 5
    assert sorted(path.name for path in fetched("s3://bucket/corpus", Options()).path.iterdir()) == [
        "manifest.json",
        "wav",
    ]


def hub(server: Server, folder: Path, repository: str = "us/calls", sha: str = "a" * 40) -> None:
    """What the hub says of a data set: its commit, its files, their bodies."""
    server.serve(folder, f"datasets/{repository}/resolve/{sha}/")
    api = f"/api/datasets/{repository}"
    facts = json.dumps({"id": repository, "sha": sha, "siblings": []}).encode()
    for name in (api, f"{api}/revision/main", f"{api}/revision/{sha}"):
        server.files[name] = facts
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        below = "" if place == folder else f"/{place.relative_to(folder).as_posix()}"
        entries = [_entry(path, folder) for path in sorted(place.rglob("*"))]
        server.files[f"{api}/tree/{sha}{below}"] = json.dumps(entries).encode()
    server.files[f"{api}/paths-info/{sha}"] = b"[]"


def _entry(path: Path, folder: Path) -> dict[str, Any]:
    kind, size = ("file", path.stat().st_size) if path.is_file() else ("directory", 0)
    return {"type": kind, "path": path.relative_to(folder).as_posix(), "size": size, "oid": "b" * 40}


def at_the_hub(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the stand-in the hub."""
    import huggingface_hub

    plain, system = huggingface_hub.HfApi, huggingface_hub.HfFileSystem
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: plain(endpoint=server.address))
    monkeypatch.setattr(
        huggingface_hub, "HfFileSystem", lambda: system(endpoint=server.address, skip_instance_cache=True, token=False)
    )


def test_a_data_set_of_hugging_face_is_pinned(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LAYOUTS["huggingface"][1](tmp_path / "data")
    hub(server, tmp_path / "data")
    at_the_hub(server, monkeypatch)
    found = fetched("hf://datasets/us/calls", Options(split="test.clean"))
    assert (found.source, found.revision) == ("hf://datasets/us/calls", "a" * 40)
    assert cached(tmp_path) == ["README.md", "test.clean-00000-of-00002.parquet", "test.clean-00001-of-00002.parquet"]
    with pytest.raises(DatasetError, match="there is no data set us/none at Hugging Face"):
        fetched("hf://datasets/us/none", Options())


def test_a_manifest_from_elsewhere_names_no_file_of_this_machine(server: Server, tmp_path: Path) -> None:
    LAYOUTS["nemo"][1](tmp_path / "data")
    mine = next((tmp_path / "data" / "wav").glob("*.wav"))
    manifest = tmp_path / "data" / "manifest.json"
    rows = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    rows[0]["audio_filepath"] = str(mine)
    rows[1]["audio_filepath"] = f"../{mine.relative_to(tmp_path)}"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    server.serve(tmp_path / "data", "set/")
    request = ImportRequest(language="en", most_left_out=1.0)
    report = importing.run(
        f"{server.address}/set/manifest.json", tmp_path / "golden" / "web_v1", Options(), request, {}
    )
    outside = [left for left in report.left if "lies outside of what was fetched" in left.reason]
    assert len(outside) == 2
    assert str(mine) in outside[0].reason
    assert len(datasets.load(tmp_path / "golden" / "web_v1").rows) == len(rows) - len(report.left)


def test_what_a_library_says_gives_no_signature_away() -> None:
    fault = OSError(
        "403 for url 'https://me:pass@cdn.org/a/b.flac?X-Amz-Signature=secret&token=hidden' (see s3://k:s@b/c)"
    )
    said = str(remote_places.unread("b.flac", remote_places.Tree(Held(), "a"), fault))
    assert said == "b.flac could not be fetched (403 for url 'https://cdn.org/a/b.flac' (see s3://b/c)); try again"


class Held:
    """A file system with one file."""

    def exists(self, root: str) -> bool:
        return True

    isfile = exists

    def info(self, root: str) -> dict[str, int]:
        return {"size": 1}
