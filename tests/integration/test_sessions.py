"""Sessions in chunks through pytest: one reference, clusters, a missing chunk, a baseline and a rescoring."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from .conftest import FakeProject


def write_chunks(project: FakeProject, *, numbers: tuple[int, ...] = (0, 1, 2), **header: Any) -> list[str]:
    """The first three clips as chunks of one session, whose text is on the second, the others one session each."""
    path = project.root / "golden" / "short_v1" / "dataset.yaml"
    manifest = yaml.safe_load(path.read_text())
    texts = [case["text"] for case in manifest["cases"]]
    for i, case in enumerate(manifest["cases"]):
        case |= {"session": "call" if i < 3 else f"s{i}", "chunk": numbers[i] if i < 3 else 0}
        if i in (0, 2):
            del case["text"]
    manifest["cases"][1]["text"] = " ".join(texts[:3])
    settings = {"reference": "session"}
    path.write_text(yaml.safe_dump({**header, "settings": settings, **manifest}, sort_keys=False))
    return texts


def test_a_session_is_one_cluster_with_its_counts_on_the_last_chunk(fake_project: FakeProject) -> None:
    texts = write_chunks(fake_project)
    first, second = texts[0].split(), texts[1].split()
    fake_project.answer(0, " ".join(first[:-1]))  # a word that the next chunk has
    fake_project.answer(1, " ".join([first[-1], *second]))
    fake_project.accept()
    fake_project.run().assert_outcomes(passed=1)
    entry = fake_project.ledger()[-1]
    said = {each["id"]: each for each in entry["result"]["utterances"]}
    assert entry["values"]["wer"] == 0.0
    assert [said[id]["cluster"] for id in ("000", "001", "002", "003")] == ["call", "call", "call", "s3"]
    counts = [each["shares"]["wer"][1] for each in said.values()]
    assert counts[:2] == [0, 0]
    assert sum(counts) == sum(len(text.split()) for text in texts)


def test_what_got_worse_in_a_chunk_is_red_for_its_session(fake_project: FakeProject) -> None:
    write_chunks(fake_project)
    fake_project.accept()
    for number in range(8):
        fake_project.answer(number, "")
    result = fake_project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*wer*REGRESSED*"])


def test_a_missing_chunk_is_told(fake_project: FakeProject) -> None:
    write_chunks(fake_project, numbers=(0, 1, 3))
    result = fake_project.run()
    result.stdout.fnmatch_lines(["*chunks are missing in 1 of its sessions*call lacks 2*"])


@pytest.mark.parametrize(("numbers", "says"), [((0, 1, 1), "has the chunk 1 already")])
def test_a_chunk_that_is_there_twice_is_an_error(
    fake_project: FakeProject, numbers: tuple[int, ...], says: str
) -> None:
    write_chunks(fake_project, numbers=numbers)
    result = fake_project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*the session 'call' {says}*"])
