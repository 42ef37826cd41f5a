"""`modellab datasets import` from the web, out of an archive, and once more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from ..datasets.importers import layouts
from ..datasets.importers.layouts import LAYOUTS, TEXTS
from ..datasets.importers.test_remote import Server, server
from .conftest import Desk
from .test_dataset_import import line, loaded, nemo

__all__ = ["server"]  # a fixture


def test_a_set_on_the_web_is_copied_and_pinned(desk: Desk, server: Server, tmp_path: Path) -> None:
    LAYOUTS["nemo"][1](tmp_path / "far")
    server.serve(tmp_path / "far", "set/")
    address = f"{server.address}/set/manifest.json"
    made = desk.type("datasets", "import", f"{address}?signature=secret", "--into", "far_v1")
    assert made.exit_code == 0, made.output
    new = loaded(desk, "far_v1")
    assert {row["audio"].parent for row in new.rows} == {new.folder / "audio"}
    text = (new.folder / "dataset.yaml").read_text()
    assert f'  from: "{address}"\n  revision: "one"\n' in text
    assert "secret" not in text + made.output
    assert "the keys audio_filepath" in desk.type("datasets", "formats", address).stdout.replace("key ", "keys ")


def test_an_import_is_repeated_and_says_what_changed(desk: Desk) -> None:
    ids = list(TEXTS)
    rows = [line(id, f"say {id}", speaker=id[0], verbatim="So") for id in ids]
    place = nemo(desk.root / "data", **{str(row["audio_filepath"]): row for row in rows})
    how = (
        "--min-s",
        "0.55",
        "--text-column",
        "verbatim=verbatim",
        "--root",
        str(desk.root / "data"),
        "--group",
        "speaker",
    )
    assert desk.type("datasets", "import", str(place), "--into", "one_v1", *how).exit_code == 0
    same = desk.type("datasets", "import", "one_v1", "--again", "--into", "one_v2", "--dry-run")
    assert (same.exit_code, "since then: nothing changed" in same.stdout) == (0, True), same.output
    assert not (desk.root / "golden" / "one_v2").exists()
    soundfile.write(desk.root / "data" / "new.wav", layouts.samples(ids[0], seconds=0.9), 16_000)
    layouts.write(desk.root / "data" / f"{ids[2]}.wav", layouts.encoded(ids[3]))
    rows[1]["text"] = "another"
    layouts.write(place, layouts.lines([*rows[1:3], line("new", verbatim="So")]))
    again = desk.type("datasets", "import", "golden/one_v1", "--again", "--into", "one_v2")
    assert again.exit_code == 0, again.output
    assert (
        f"since then: 1 row added (new); 1 row gone ({ids[3]}); 1 row with another reference ({ids[1]}); "
        f"1 row with other audio ({ids[2]})" in again.stdout
    )
    assert [row["id"] for row in loaded(desk, "one_v2").rows] == sorted([ids[1], ids[2], "new"])
    assert loaded(desk, "one_v2").rows[0]["texts"] == {"verbatim": "So"}
    refused = desk.type("datasets", "import", "short_v1", "--again", "--into", "x_v1")
    assert (refused.exit_code, "short_v1 was not imported" in refused.stderr) == (2, True)


@pytest.mark.parametrize(("layout", "kind"), [("librispeech", "gztar"), ("kaldi", "zip"), ("nemo", "xztar")])
def test_a_tree_in_an_archive_is_unpacked_for_the_import(desk: Desk, layout: str, kind: str) -> None:
    LAYOUTS[layout][1](desk.root / "tree" / "inside")
    packed = shutil.make_archive(str(desk.root / "packed"), kind, desk.root / "tree")
    made = desk.type("datasets", "import", packed, "--into", "new_v1", "--language", "en")
    assert made.exit_code == 0, made.output
    new = loaded(desk, "new_v1")
    assert len(new.rows) == 4
    assert layout == "kaldi" or {row["audio"].parent for row in new.rows} == {new.folder / "audio"}
    assert {path.name for path in (desk.root / "golden").iterdir()} == {"short_v1", "new_v1"}


def test_archives_that_are_damaged_or_reach_out(desk: Desk, tmp_path: Path) -> None:
    LAYOUTS["librispeech"][1](desk.root / "tree")
    packed = Path(shutil.make_archive(str(desk.root / "packed"), "gztar", desk.root / "tree"))
    packed.write_bytes(packed.read_bytes()[:-800])
    out = tmp_path / "out.tar"
    layouts.tar(out, {"../../escaped.txt": b"x"})
    for path, says in {packed: "cannot be unpacked", out: "which is not unpacked"}.items():
        refused = desk.type("datasets", "import", str(path), "--into", "new_v1", "--language", "en")
        assert (refused.exit_code, says in refused.stderr) == (2, True), refused.output
    assert {path.name for path in (desk.root / "golden").iterdir()} == {"short_v1"}
    assert not list(desk.root.rglob("escaped.txt"))


def test_where_takes_rows_before_the_sample_and_again(desk: Desk) -> None:
    rows = [{**line(id), "gender": "fm"[i % 2], "age": str(20 + i)} for i, id in enumerate(sorted(TEXTS))]
    manifest = nemo(desk.root / "data", **{str(i): row for i, row in enumerate(rows)})
    expression = "gender == 'f' and age < 22.5 and duration_s < 30"
    common = ("--into", "women_v1", "--max-left-out", "100%", "--where", expression)
    done = desk.type("datasets", "import", str(manifest), *common, "--sample", "1")
    assert done.exit_code == 0, done.output
    assert f"{len(TEXTS)} read, 0 left out, 2 not wanted, 2 sound, 1 of them taken" in done.output
    assert f'where: "{expression}"' in (desk.root / "golden" / "women_v1" / "dataset.yaml").read_text()
    again = desk.type("datasets", "import", "women_v1", "--again", "--into", "women_v2")
    assert "2 not wanted" in again.output
    assert "since then: nothing changed" in again.output
    unknown = desk.type("datasets", "import", str(manifest), "--into", "x_v1", "--where", "gnder == 'f'")
    assert unknown.exit_code == 2
    assert "--where: no row has 'gnder': did you mean gender?" in unknown.stderr
    assert not (desk.root / "golden" / "x_v1").exists()
    nobody = desk.type("datasets", "import", str(manifest), "--into", "x_v1", "--where", "gender == 'x'")
    assert nobody.exit_code == 1
    assert "none of 4 rows can be used (4 are not wanted, too short or too long)" in nobody.output


def test_presets_are_listed_and_a_wrong_name_is_told(desk: Desk) -> None:
    listed = desk.type("datasets", "presets").stdout
    assert "librispeech-test-clean" in listed
    assert "https://www.openslr.org/12" in listed
    wrong = desk.type("datasets", "import", "preset:flers", "--into", "x_v1")
    assert wrong.exit_code == 2
    assert "there is no preset 'flers': did you mean fleurs?" in wrong.stderr
    by_hand = desk.type("datasets", "import", "preset:voxpopuli", "--into", "x_v1")
    assert (
        "voxpopuli is given out by hand: get it on https://huggingface.co/datasets/facebook/voxpopuli" in by_hand.stderr
    )
