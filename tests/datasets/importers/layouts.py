"""The same four utterances in every layout that people keep such sets in, written by hand after each format's rules."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.datasets.importers import lists
from tests.datasets.importers.utterances import (
    RATE_HZ,
    SPEAKERS,
    TEXTS,
    clips,
    decoded,
    encoded,
    length_s,
    lines,
    samples,
    tar,
    write,
)

__all__ = ["LAYOUTS", "TEXTS", "decoded", "encoded", "length_s", "lines", "samples", "tar", "write"]


def _librispeech(folder: Path) -> None:
    for id, text in TEXTS.items():
        speaker, chapter, _ = id.split("-")
        home = folder / "test-mini" / speaker / chapter
        write(home / f"{id}.flac", encoded(id, "FLAC"))
        transcript = home / f"{speaker}-{chapter}.trans.txt"
        before = transcript.read_text() if transcript.exists() else ""
        write(transcript, f"{before}{id} {text}\n")
    write(folder / "SPEAKERS.TXT", ";ID |SEX|...\n7 | F | test-mini | 8 | A | B\n9  | M | test-mini | 8 | C\n")


def _mls(folder: Path) -> None:
    rows = ""
    for id, text in TEXTS.items():
        speaker, book, _ = id.split("-")
        write(
            folder / "mls_polish" / "test" / "audio" / speaker / book / f"{id.replace('-', '_')}.flac",
            encoded(id, "FLAC"),
        )
        rows += f"{id.replace('-', '_')}\t{text.lower()}\n"
    write(folder / "mls_polish" / "test" / "transcripts.txt", rows)


def _commonvoice(folder: Path) -> None:
    clips(folder / "clips")
    head = "client_id\tpath\tsentence_id\tsentence\tup_votes\tgender\tlocale\n"
    write(
        folder / "test.tsv",
        head + "".join(f"{SPEAKERS[id]}\t{id}.wav\t\t{text}\t2\t\ten\n" for id, text in TEXTS.items()),
    )


def _fleurs(folder: Path) -> None:
    rows = (
        f"{100 + i // 2}\t{id}.wav\t{text.title()}\t{text.lower()}\tx |\t{len(samples(id))}\tFEMALE\n"
        for i, (id, text) in enumerate(TEXTS.items())
    )
    write(folder / "en_us" / "test.tsv", "".join(rows))
    tar(folder / "en_us" / "audio" / "test.tar.gz", {f"test/{id}.wav": encoded(id) for id in reversed(TEXTS)}, "w:gz")


def _nemo(folder: Path) -> None:
    clips(folder / "wav")
    write(folder / "manifest.json", lines([_nemo_row(f"wav/{id}.wav", id) for id in TEXTS]))


def _nemo_row(path: str, id: str, **more: Any) -> dict[str, Any]:
    return {"audio_filepath": path, "duration": length_s(id), "text": TEXTS[id].lower(), "lang": "en", **more}


def _nemo_tarred(folder: Path) -> None:
    rows = [_nemo_row(f"{id}.wav", id, shard_id=i % 2) for i, id in enumerate(TEXTS)]
    write(folder / "tarred_audio_manifest.json", lines(rows))
    for shard in (0, 1):
        write(
            folder / "sharded_manifests" / f"manifest_{shard}.json",
            lines([row for row in rows if row["shard_id"] == shard]),
        )
        own = [id for i, id in enumerate(TEXTS) if i % 2 == shard]
        tar(folder / f"audio_{shard}.tar", {f"{id}.wav": encoded(id) for id in reversed(own)})


def _kaldi(folder: Path) -> None:
    clips(folder / "audio", "flac")
    write(folder / "wav.scp", "".join(f"{id} {folder}/audio/{id}.flac\n" for id in TEXTS))
    write(folder / "text", "".join(f"{id} {text}\n" for id, text in TEXTS.items()))
    write(folder / "utt2spk", "".join(f"{id} {speaker}\n" for id, speaker in SPEAKERS.items()))


def _espnet(folder: Path) -> None:
    home = folder / "dump" / "raw" / "test"
    clips(home, "flac")
    write(home / "wav.scp", "".join(f"{id} dump/raw/test/{id}.flac\n" for id in TEXTS))
    write(home / "text", "".join(f"{id} {text}\n" for id, text in TEXTS.items()))
    write(home / "utt2num_samples", "".join(f"{id} {len(samples(id))}\n" for id in TEXTS))


def _recording(id: str, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": id,
        "sources": [{"channels": [0], **source}],
        "sampling_rate": RATE_HZ,
        "num_samples": len(samples(id)),
        "duration": length_s(id),
    }


def _supervision(id: str) -> dict[str, Any]:
    return {"id": id, "recording_id": id, "start": 0, "duration": length_s(id), "channel": 0, "text": TEXTS[id]}


def _cut(i: int, id: str, source: Mapping[str, Any]) -> dict[str, Any]:
    said = [_supervision(id)]
    cut = {
        "id": f"{id}-{i}",
        "start": 0,
        "duration": length_s(id),
        "channel": 0,
        "supervisions": said,
        "type": "MonoCut",
    }
    return {**cut, "recording": _recording(id, source)}


def _file(id: str) -> dict[str, str]:
    return {"type": "file", "source": f"audio/{id}.flac"}


def _lhotse_cuts(folder: Path) -> None:
    clips(folder / "audio", "flac")
    write(folder / "cuts.json", json.dumps([_cut(i, id, _file(id)) for i, id in enumerate(TEXTS)], indent=2))


def _lhotse_supervisions(folder: Path) -> None:
    clips(folder / "audio", "flac")
    write(folder / "recordings.jsonl.gz", gzip.compress(lines([_recording(id, _file(id)) for id in TEXTS]).encode()))
    write(folder / "supervisions.jsonl.gz", gzip.compress(lines([_supervision(id) for id in TEXTS]).encode()))


def _lhotse_shar(folder: Path) -> None:
    for shard in (0, 1):
        cuts = [_cut(i, id, {"type": "shar", "source": ""}) for i, id in enumerate(TEXTS) if i // 2 == shard]
        write(folder / f"cuts.{shard:06d}.jsonl.gz", gzip.compress(lines(cuts).encode()))
        sounds = {f"{cut['id']}.flac": encoded(cut["recording"]["id"], "FLAC") for cut in cuts}
        tar(
            folder / f"recording.{shard:06d}.tar",
            {n: d for name, data in sounds.items() for n, d in _with_json(name, data)},
        )


def _with_json(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [(name, data), (name.replace(".flac", ".json"), b"{}")]


def _webdataset(folder: Path) -> None:
    for shard in (0, 1):
        members: dict[str, bytes] = {}
        for i, (id, text) in enumerate(TEXTS.items()):
            if i // 2 == shard:
                more = json.dumps({"speaker": SPEAKERS[id]}).encode()
                members |= {
                    f"part/{id}.flac": encoded(id, "FLAC"),
                    f"part/{id}.json": more,
                    f"part/{id}.txt": text.encode(),
                }
        tar(folder / f"ls-{shard:06d}.tar", members)


def _speechbrain_csv(folder: Path) -> None:
    clips(folder)
    head = "ID,duration,wav,start,stop,spk_id,wrd\n"
    rows = (f"{id},{length_s(id)},$data_root/{id}.wav,0,16000,{SPEAKERS[id]},{text}\n" for id, text in TEXTS.items())
    write(folder / "test.csv", head + "".join(rows))


def _speechbrain_json(folder: Path) -> None:
    clips(folder)
    rows = {id: {"wav": f"{{data_root}}/{id}.wav", "length": str(length_s(id)), "words": TEXTS[id]} for id in TEXTS}
    write(folder / "test.json", json.dumps(rows, indent=1))


def _csv(folder: Path) -> None:
    clips(folder / "audio")
    rows = (f"audio\\{id}.wav;{text};{SPEAKERS[id]};{length_s(id)}\r\n" for id, text in TEXTS.items())
    write(folder / "meta.csv", "\ufeffpath;transcript;speaker;duration\r\n" + "".join(rows))


def _tsv_utf16(folder: Path) -> None:
    clips(folder)
    rows = "".join(f"{id}.wav\t{text}\n" for id, text in TEXTS.items())
    write(folder / "meta.tsv", f"Audio\tText\n{rows}".encode("utf-16"))


def _jsonl(folder: Path) -> None:
    clips(folder)
    write(folder / "meta.jsonl", lines([{"file": f"{id}.wav", "sentence": text} for id, text in TEXTS.items()]))


def _parquet(folder: Path) -> None:
    clips(folder)
    _write_parquet(folder / "meta.parquet", [{"path": f"{id}.wav", "text": text} for id, text in TEXTS.items()])


def _write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=3)


def _huggingface(folder: Path) -> None:
    rows = [{"audio": {"bytes": encoded(id), "path": "a.wav"}, "text": TEXTS[id], "id": id} for id in TEXTS]
    _write_parquet(folder / "clean" / "test.clean-00000-of-00002.parquet", rows[:3])
    _write_parquet(folder / "clean" / "test.clean-00001-of-00002.parquet", rows[3:])
    _write_parquet(folder / "clean" / "train-00000-of-00001.parquet", rows[:1])
    files = "[{split: train, path: clean/train-*}, {split: test.clean, path: clean/test.clean-*.parquet}]"
    write(folder / "README.md", f"---\nconfigs:\n- config_name: clean\n  data_files: {files}\n---\n# A set\n")


def _audiofolder(folder: Path) -> None:
    clips(folder / "test" / "data")
    rows = "".join(f"data/{id}.wav,{text}\n" for id, text in TEXTS.items())
    write(folder / "test" / "metadata.csv", f"file_name,transcription\n{rows}")


def _trn(folder: Path) -> None:
    clips(folder / "wav")
    write(folder / "said.transcription", "".join(f"<s> {text} </s> ({id})\n" for id, text in TEXTS.items()))


def _texts(folder: Path) -> None:
    for i, (id, text) in enumerate(TEXTS.items()):
        write(folder / str(i % 2) / f"{id}.wav", encoded(id))
        write(folder / str(i % 2) / f"{id}.{'txt' if i < 2 else 'lab'}", f" {text}\n")


def _jsons(folder: Path) -> None:
    clips(folder)
    shapes: list[Callable[[str], Any]] = [
        lambda text: {"text": text, "segments": []},
        lambda text: {"t": text, "w": []},
        lambda text: {"transcript": text, "speaker": "a"},
        lambda text: {"sentence": text},
    ]
    for shape, (id, text) in zip(shapes, TEXTS.items(), strict=True):
        write(folder / f"{id}.json", json.dumps(shape(text)))


def _textgrids(folder: Path) -> None:
    clips(folder)
    for id, text in TEXTS.items():
        short = (
            f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n{length_s(id)}\n<exists>\n1\n"IntervalTier"\n'
        )
        write(
            folder / f"{id}.TextGrid",
            f'{short}"words"\n0\n{length_s(id)}\n1\n0\n{length_s(id)}\n"{text}"\n'.encode("utf-16"),
        )


LAYOUTS: dict[str, tuple[str, Callable[[Path], None], str]] = {  # name -> format, recipe, where to look
    "librispeech": ("librispeech", _librispeech, ""),
    "mls": ("mls", _mls, ""),
    "commonvoice": ("commonvoice", _commonvoice, ""),
    "fleurs": ("fleurs", _fleurs, ""),
    "nemo": ("nemo", _nemo, ""),
    "nemo file": ("nemo", _nemo, "manifest.json"),
    "nemo tarred": ("nemo_tarred", _nemo_tarred, ""),
    "kaldi": ("kaldi", _kaldi, ""),
    "espnet": ("kaldi", _espnet, "dump/raw/test"),
    "espnet recipe": ("kaldi", _espnet, ""),
    "lhotse cuts": ("lhotse", _lhotse_cuts, ""),
    "lhotse supervisions": ("lhotse", _lhotse_supervisions, ""),
    "lhotse shar": ("lhotse_shar", _lhotse_shar, ""),
    "webdataset": ("webdataset", _webdataset, ""),
    "webdataset range": ("webdataset", _webdataset, "ls-{000000..000001}.tar"),
    "speechbrain csv": ("speechbrain", _speechbrain_csv, ""),
    "speechbrain json": ("speechbrain", _speechbrain_json, ""),
    "csv": ("table", _csv, ""),
    "tsv in UTF-16": ("table", _tsv_utf16, ""),
    "jsonl": ("table", _jsonl, ""),
    "parquet": ("parquet", _parquet, ""),
    "huggingface": ("huggingface", _huggingface, ""),
    "audiofolder": ("audiofolder", _audiofolder, ""),
    "trn": ("trn", _trn, ""),
    "ljspeech": ("ljspeech", lists.ljspeech, ""),
    "filelist of VITS": ("ljspeech", lists.filelist, "filelists"),
    "folder of txt and lab": ("folder", _texts, ""),
    "folder of json": ("folder", _jsons, ""),
    "folder of TextGrid": ("folder", _textgrids, ""),
}
