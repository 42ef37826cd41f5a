"""Other people's data as a dataset: read, checked, written at once or not at all.

    records --checked--> rows --without contradictions--> --sampled--> dataset.yaml, left-out.jsonl, audio/

Everything is written into a hidden folder beside the new one, which gets its name when all of it is there. What cannot
be used is listed with its place and a sentence; where that is more than a person allows, nothing is written.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from modellab import datasets
from modellab.datasets import importers, manifest, parquet_rows, privacy
from modellab.datasets.audio_hashes import AudioHashes
from modellab.datasets.importers import (
    archives,
    changes,
    commands,
    contradictions,
    manifest_file,
    presets,
    record_checks,
    record_filter,
    remote,
    row_maker,
    suspicious_rows,
    tasks_rows,
)
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import LeftOut, Note, Options, Record, Setting, Sound, changed
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.datasets.importers.row_maker import RowReader
from modellab.datasets.importers.staging import staged
from modellab.errors import AudioError, ConfigError
from modellab.types import Row
from modellab.types.spooled import Spool
from modellab.units import counted

AUDIO = "audio"
EVERY_CHANNEL = "all"
TEXT_TASKS = ("asr", "meeting", "streaming", "robustness")  # whose texts go through a normaliser


def run(
    source: str | Path,
    folder: Path,
    options: Options,
    request: ImportRequest,
    tasks: Mapping[str, RowReader],
    before: Path | None = None,
) -> Report:
    """Import a place into a new dataset folder; `tasks` check the rows of theirs.

    With the dataset `before` of an earlier import the report says what is different now.

    ConfigError for a request that cannot be. Where too little is sound, the report says so and nothing is written.
    """
    if folder.exists():
        raise ConfigError(f"{folder} is there already: choose another name, such as one with a higher version")
    source, options, request = _meant(str(source), options, request)
    wanted = record_filter.Filter(request.where)
    with (
        remote.here(source, options, request) as fetched,
        staged(folder, "importing") as staging,
        staged(folder, "unpacked") as unpacked,
        AudioHashes() as hashes,
    ):
        place = _opened(fetched.path if fetched else Path(source), fetched is not None, unpacked, options, request)
        is_passing = fetched is not None or place.path.is_relative_to(unpacked)  # a cache is emptied some day
        request = replace(request, copy=request.copy or is_passing)
        chosen = importers.chosen(place, request.form)
        report = Report(folder, chosen.format.NAME, chosen.guess.reason, place.path, notes=presets.notes(request))
        work = _Work(report, request, wanted, folder, staging, hashes)
        if fetched and not options.root:
            work.within = remote.cached_with(fetched.path), unpacked
            alone = fetched.path.is_file() and not archives.is_archive(fetched.path)
            options = remote.beside(fetched.path, options) if alone else options
        reading = replace(options, run=commands.run) if request.run_commands else options
        records = work.records(importers.read(chosen.format, place, reading))
        rows = [] if _refused(report, request) else work.rows(records, tasks)
        if not _refused(report, request) and not rows:
            filtered = f" ({report.filtered} are not wanted, too short or too long)" if report.filtered else ""
            report.refused = f"none of {report.read} rows can be used{filtered}: nothing was written"
        report.refused = report.refused or presets.count_fault(request, options, report)
        if not report.refused:
            origin = manifest_file.Origin(*fetched[1:]) if fetched else manifest_file.Origin(source)
            report.digest = manifest_file.write(staging, work.header(), rows, origin, report, options, request)
            if before:
                old, new = (datasets.load(path, named=True).rows for path in (before, staging))
                report.changes = changes.told(old, new, named=not request.private)
            if not request.dry_run:
                staging.rename(folder)
    return report


def _meant(source: str, options: Options, request: ImportRequest) -> tuple[str, Options, ImportRequest]:
    """Place, options and request with those of a preset; ConfigError for a request that cannot be."""
    if request.task:
        tasks_rows.check_task(request.task)
    source, options, request = presets.resolved(source, options, request)
    if request.run_commands and remote.is_remote(source):
        raise ConfigError("--run-commands: what a source elsewhere wants to run here is never run")
    return source, options, request


def _opened(path: Path, is_fetched: bool, unpacked: Path, options: Options, request: ImportRequest) -> Place:
    """The place to read from: what an archive unpacks to, once it is known to be the one that is meant."""
    if is_fetched:
        presets.check_file(request, path)
    return archives.opened(importers.place_of(path), unpacked, request.form, options.inside)


def _refused(report: Report, request: ImportRequest) -> bool:
    """Whether too many rows are faulty; the report says so."""
    counted = report.read - sum(row.meant for row in report.left)
    if report.faults > request.most_left_out * counted:
        part = f"more than the {100 * request.most_left_out:g} % of --max-left-out"
        report.refused = f"{report.faults} of {counted} rows cannot be used, {part}: nothing was written"
    return bool(report.refused)


class _Work:
    """One import on its way."""

    def __init__(
        self,
        report: Report,
        request: ImportRequest,
        wanted: record_filter.Filter,
        folder: Path,
        staging: Path,
        hashes: AudioHashes,
    ) -> None:
        self.report, self.request, self.folder, self.staging = report, request, folder, staging
        self.wanted, self.listener = wanted, record_checks.Listener(staging / AUDIO, hashes)
        self.suspicious = suspicious_rows.SuspiciousRows(request)
        self.mixed: set[str] = set()  # files of several channels whose mean is heard
        self.codes: Counter[str] = Counter()
        self.rates: set[int] = set()
        self.within: tuple[Path, ...] = ()  # where audio may lie; empty: anywhere

    # ------------------------------------------------------------------------ records

    def records(self, items: Iterable[importers.Item]) -> Sequence[Record]:
        """The records whose audio is sound, with the length that was decoded, without contradictions, by id."""
        kept: Spool[Record] = Spool()
        compared, names = contradictions.Compared(), row_maker.Names()
        for record in self._by_channel(self.wanted.early(self._by_task(self._read(items)), self.report)):
            if (sound := self._sound(record)) is None:
                continue
            compared.add(sound)
            names.append(sound.id)
            self.codes[sound.language] += 1
            kept.append(sound)
            if len(kept) == manifest_file.MOST_IN_YAML + 1 and not self.request.sample:
                parquet_rows.need(f"a dataset of more than {manifest_file.MOST_IN_YAML:,} rows")
        self.wanted.check()
        left = compared.left_out(kept)
        self.report.left += left.values()
        self.codes.subtract(kept[i].language for i in left)
        self._tell_mixed()
        return row_maker.Picked(kept, (i for i in names.order() if i not in left))

    def _sound(self, record: Record) -> Record | None:
        """A record whose audio is sound and wanted; None for any other, which is noted down."""
        fault = tasks_rows.text_fault(record, self.report.task)
        checked = record_checks.checked(self._on_channel(record), self.listener)
        if fault or isinstance(checked, LeftOut):
            checked = checked if isinstance(checked, LeftOut) else LeftOut(record.where, fault)
            self.report.left.append(checked)
            return None
        sound, facts = checked
        assert sound.sound is not None
        if facts.channels > 1 and sound.sound.channel is None:
            self.mixed.add(sound.sound.file.name)
        if not self.request.min_s <= (sound.duration_s or 0.0) <= self.request.max_s:
            self.report.filtered += 1
        elif self.wanted.is_early or self.wanted.keeps(sound, self.report):
            self.rates.add(facts.rate_hz)
            self.suspicious.heard(sound, facts)
            code = tasks_rows.language(sound.language)
            return sound if code == sound.language else changed(sound, language=code)
        return None

    def _tell_mixed(self) -> None:
        if self.mixed and self.request.channel != "mix":
            self.report.notes.append(
                f"of {counted(len(self.mixed), 'file')} with several channels the mean is heard"
                f"{suspicious_rows.named(min(self.mixed), self.request)}: "
                "--channel 0 takes the first one, all each of them, mix says that the mean is meant"
            )

    def _read(self, items: Iterable[importers.Item]) -> Iterator[Record]:
        """The records, the rest noted down."""
        for item in items:
            if isinstance(item, Note):
                if not (item.has_names and self.request.private):
                    self.report.notes.append(item.text)
                continue
            if isinstance(item, Setting):
                self.report.settings[item.name] = self._setting(item)
                continue
            self.report.read += 1
            if isinstance(item, LeftOut):
                self.report.left.append(item)
                continue
            if item.sound and self._is_outside(item.sound):
                named = f"{item.sound.file} lies outside of what was fetched: a source elsewhere names no file of yours"
                self.report.left.append(LeftOut(item.where, named))
                continue
            self.report.task = self.report.task or self.request.task or tasks_rows.likely_task(item)
            if tasks_rows.is_ignored(item, self.report.task):
                self.report.left.append(LeftOut(item.where, "it is not to be scored, the source says", meant=True))
                continue
            if item.sound and item.sound.data is not None:
                item = changed(item, sound=self.listener.placed(item.sound, item.id))
            yield item

    def _setting(self, item: Setting) -> str:
        """The value of a setting; of one that is a file, its name in the dataset."""
        if item.file is None:
            return item.value
        shutil.copyfile(item.file, self.staging / item.file.name)
        return item.file.name

    def _is_outside(self, sound: Sound) -> bool:
        """Whether a source from elsewhere names a file that did not come with it."""
        if sound.data is not None or not self.within:
            return False
        there = sound.file.resolve()
        return not any(there.is_relative_to(folder.resolve()) for folder in self.within)

    def _by_task(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records as the task has them: stretches, or whole recordings."""
        first = next(records, None)
        if first is None:
            return
        every = (record for part in ([first], records) for record in part)
        yield from tasks_rows.by_recording(every) if self.report.task in tasks_rows.RECORDINGS else every

    def _by_channel(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records; where all channels are asked for, one that names none once for each of its file."""
        if self.request.channel != EVERY_CHANNEL:
            yield from records
            return
        for record in records:
            if record.sound is None or record.sound.channel is not None:
                yield record
                continue
            sound, count = self.listener.placed(record.sound, record.id), 1
            with suppress(AudioError, OSError):  # which is told where the record is checked
                count = self.listener.facts(sound.file).channels
            for channel in range(count) if count > 1 else (None,):
                id = record.id if channel is None else f"{record.id}-ch{channel}"
                yield changed(record, id=id, sound=replace(sound, channel=channel))

    def _on_channel(self, record: Record) -> Record:
        """The record on the channel that was asked for, unless it names its own."""
        channel, sound = self.request.channel, record.sound
        if sound is None or channel in ("", EVERY_CHANNEL) or (channel != "mix" and sound.channel is not None):
            return record
        return changed(record, sound=replace(sound, channel=None if channel == "mix" else int(channel)))

    # ------------------------------------------------------------------------ rows

    def rows(self, records: Sequence[Record], tasks: Mapping[str, RowReader]) -> Sequence[Row]:
        """The rows by id, as many as were asked for."""
        self.report.language = self.request.language or tasks_rows.header_language(self.codes)
        if records and not self.report.language:
            raise ConfigError("nothing says which language is spoken: say it with --language")
        maker = row_maker.Maker(self.report, self.request, self.folder, self.staging, self.listener, self.suspicious)
        rows = maker.rows(records, tasks.get(self.report.task), self.header().model_dump())
        return row_maker.taken(rows, self.request, self.report)

    def header(self) -> manifest.Header:
        """The header of the new dataset."""
        report, request = self.report, self.request
        facts: dict[str, Any] = {
            "task": report.task,
            "version": manifest_file.version(self.folder.name),
            "language": report.language,
            "tier": request.tier,
            "licence": request.licence or "LicenseRef-unknown",
            "source": f"imported as {report.form}",
            "normaliser": request.normaliser if report.task in TEXT_TASKS else "none",
            "rate_hz": next(iter(self.rates)) if len(self.rates) == 1 and report.task != "tts" else None,
            "judge": request.judge if report.task == "tts" else "",
            "settings": tasks_rows.settings(report, request),
        }
        if request.private:
            facts["privacy"] = privacy.HASHES
        return manifest.header(self.staging, facts)
