"""Text files, and everything that is none."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modellab.errors import ConfigError, UnreadableError
from modellab.system import textfile


@pytest.mark.parametrize(
    "data", [b"one\ntwo\n", b"one\r\ntwo\r\n", b"\xef\xbb\xbfone\ntwo\n"], ids=["LF", "CRLF", "BOM"]
)
def test_line_ends_and_byte_order_marks_make_no_difference(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert textfile.read(tmp_path / "a") == "one\ntwo\n"


def sparse(path: Path) -> None:
    """A file that takes no room and is far too long."""
    path.touch()
    os.truncate(path, 2**32)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "it is a folder, expected a file"),
        (lambda path: os.mkfifo(path), "it is a device or pipe, expected a file"),
        (lambda path: path.symlink_to("nowhere"), "it is a link to a file that is not there"),
        (lambda path: path.symlink_to(path), "it cannot be read .Too many levels of symbolic links"),
        (sparse, "it has 4,294,967,296 bytes, expected at most 536,870,912: is it really text?"),
        (lambda path: path.write_text("a: b", encoding="utf-16"), "not UTF-8 text .invalid start byte at byte 0"),
    ],
)
def test_why_there_is_no_text(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    make(tmp_path / "a")
    with pytest.raises(UnreadableError, match=words):
        textfile.read(tmp_path / "a")


@pytest.mark.parametrize(("name", "words"), [("a\0b", "its name holds a NUL"), ("a" * 300, "File name too long")])
def test_a_name_that_no_file_has(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        textfile.read(tmp_path / name)


def test_the_home_of_nobody() -> None:
    assert textfile.expanded("~/a", "X") == Path.home() / "a"
    with pytest.raises(ConfigError, match="X is '~nobody-here/a': there is no such user"):
        textfile.expanded("~nobody-here/a", "X")


def test_line_ends_make_no_other_hash(tmp_path: Path) -> None:
    (tmp_path / "lf").write_bytes(b"one\ntwo\n")
    (tmp_path / "crlf").write_bytes(b"one\r\ntwo\r\n")
    assert textfile.hashed(tmp_path / "crlf") == textfile.hashed(tmp_path / "lf") == b"one\ntwo\n"


def test_the_digest_of_other_files_is_that_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "crlf").write_bytes(b"one\r\ntwo\r\n")
    assert textfile.digest(tmp_path / "crlf", is_text=True) == hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert textfile.digest(tmp_path / "crlf", is_text=False) == hashlib.sha256(b"one\r\ntwo\r\n").hexdigest()
