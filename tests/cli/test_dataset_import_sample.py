"""`modellab datasets import --sample --whole-speakers`: all rows of a speaker or none."""

from __future__ import annotations

from modellab import datasets

from ..datasets.importers import layouts
from .conftest import Desk


def test_a_sample_of_whole_speakers(desk: Desk) -> None:
    names = ["ann", "ann", "ann", "bob", "bob", "cleo", "dora", "dora"]
    gender = {"ann": "f", "bob": "m", "cleo": "f", "dora": "f"}
    rows: list[object] = [
        {"id": f"{i}", "audio_filepath": "a.wav", "text": "hello there", "offset": i / 20, "duration": 0.05}
        | {"speaker": who, "gender": gender[who], "take": i}
        for i, who in enumerate(names)
    ]
    layouts.write(desk.root / "data" / "a.wav", layouts.encoded("7-21-0000"))
    source = str(layouts.write(desk.root / "data" / "manifest.json", layouts.lines(rows)))  # type: ignore[arg-type]
    how = ("--whole-speakers", "--seed", "7", "--language", "en")
    before: set[str] = set()
    for count in range(1, 9):
        sized = ("--into", f"s{count}_v1", "--sample", str(count), *how, "--by", "gender")
        made = desk.type("datasets", "import", source, *sized)
        assert made.exit_code == 0, made.output
        taken = [row["speaker"] for row in datasets.load(desk.root / "golden" / f"s{count}_v1").rows]
        assert count <= len(taken) < count + 3
        assert all(taken.count(who) == names.count(who) for who in taken)
        assert before <= set(taken)  # a larger sample holds a smaller one
        assert len(set(taken)) == 1 or {gender[who] for who in taken} == {"f", "m"}
        before = set(taken)
    assert desk.type("datasets", "import", "s3_v1", "--again", "--into", "s3_v2").stdout.count("nothing changed") == 1
    for more, sentence in [
        (("--sample", "3", "--by", "speaker"), "leave speaker out of --by"),
        (("--sample", "3", "--group", "take", "--by", "take"), "a speaker has rows of several values of take"),
        ((), "--whole-speakers is about --sample"),
        (("--sample", "3", "--column", "speaker=-"), "no row says who speaks"),
    ]:
        wrong = desk.type("datasets", "import", source, "--into", "x_v1", *how, *more)
        assert (wrong.exit_code, sentence in wrong.stderr) == (2, True), wrong.output
