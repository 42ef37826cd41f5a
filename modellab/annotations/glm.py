"""GLM (global mapping): NIST's files of rules by which texts are rewritten before sclite compares them.

    ;; GLM                                              the first mark of the first line begins comments
    * case_sensitive = 'F'                              a setting
    HOTDOG => HOT DOG                                   a rule
    [HE'S] => [{HE IS / HE HAS}] / [ ] __ [ ]           brackets keep blanks; it holds between what is around `__`
    ;; INPUT_DEPENDENT_APPLICATION = "hyp|ctm"          the rules from here on are for hypotheses alone

A cursor goes through the text; the first rule whose left side begins there, between its contexts, writes its right
side, and the cursor goes on after what was read: nothing is rewritten twice. Rules look at letters, not at words:
`AD WEEK => ADWEEK` changes BAD WEEKS, too. Text is upper case when they look at it, with a blank before and after it.

Source: NIST's SCTK, GLMRules.txt (rfilter1) and csrfilt.sh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from modellab.errors import DatasetError, UnreadableError
from modellab.system import textfile

Side = Literal["ref", "hyp"]
FILES = {"ref": ("stm", "ref"), "hyp": ("ctm", "hyp")}  # what the sides are called in INPUT_DEPENDENT_APPLICATION
DEPENDENT = re.compile(r'^;;\s+INPUT_DEPENDENT_APPLICATION\s*=\s*"([^"]*)"')
SETTING = re.compile(r"""["']([^"']*)["']""")
HYPHEN = re.compile(r"([^( ])-(?=[^) ])")
YES = ("t", "true", "yes", "1")
UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is read, what is written for it, and what has to stand before and behind it."""

    read: str
    written: str
    before: str = ""
    behind: str = ""


@dataclass(frozen=True)
class Rules:
    """The rules of a file for one side, in their order, by the letter that they begin with."""

    by_letter: dict[str, tuple[Rule, ...]]
    case_sensitive: bool = True
    keeps_rest: bool = True

    def __call__(self, text: str) -> str:
        """The text in upper case, rewritten, its hyphens within words as blanks (`csrfilt.sh -dh`)."""
        upper = f" {' '.join(text.translate(UPPER).split())} ".replace("(", "( ").replace(")", " )")
        written = " ".join(HYPHEN.sub(r"\1 ", self._rewritten(upper)).split())
        return written.replace("( ", "(").replace(" )", ")")

    def _rewritten(self, text: str) -> str:
        written, at = [], 0
        plain = text if self.case_sensitive else text.upper()
        while at < len(text):
            rule = next((rule for rule in self.by_letter.get(plain[at], ()) if _holds(rule, plain, at)), None)
            if rule:
                written.append(rule.written)
            elif self.keeps_rest:
                written.append(text[at])
            at += len(rule.read) if rule else 1
        return "".join(written)


def _holds(rule: Rule, text: str, at: int) -> bool:
    before = at - len(rule.before)
    return (
        before >= 0
        and text.startswith(rule.read, at)
        and text.startswith(rule.before, before)
        and text.startswith(rule.behind, at + len(rule.read))
    )


@lru_cache(maxsize=8)
def read(path: Path, side: Side) -> Rules:
    """The rules of a file that are for one side; DatasetError names file and line of what is wrong."""
    try:
        lines = textfile.read(path).split("\n")
    except UnreadableError as fault:
        raise DatasetError(f"{path}: {fault}, expected a GLM file of rules, A => B") from None
    comment = (lines[0].split() or [";;"])[0]
    settings: dict[str, str] = {}
    rules: list[Rule] = []
    applies = True
    for number, line in enumerate(lines, start=1):
        if dependent := DEPENDENT.match(line):
            applies = any(_named(dependent[1], name, f"{path}, line {number}") for name in FILES[side])
        plain = line.split(comment)[0].rstrip()
        if not plain.strip() or not applies:
            continue
        if plain.startswith("*"):
            value = SETTING.search(plain)
            settings[plain[: value.start() if value else None].lower()] = value[1].lower() if value else ""
        else:
            rules.append(_rule(plain, f"{path}, line {number}"))
    case_sensitive = _setting(settings, "case_sensitive")
    by_letter: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        held = rule
        if not case_sensitive:
            held = replace(rule, read=rule.read.upper(), before=rule.before.upper(), behind=rule.behind.upper())
        by_letter[held.read[0]] = (*by_letter.get(held.read[0], ()), held)
    return Rules(by_letter, case_sensitive, _setting(settings, "copy_no_hit"))


def _named(pattern: str, name: str, where: str) -> bool:
    try:
        return re.search(pattern.lower(), name) is not None
    except re.error as fault:
        raise DatasetError(f"{where}: {pattern[:60]!r} is no regular expression ({fault})") from None


def _setting(settings: dict[str, str], name: str) -> bool:
    """A setting that is true unless the file says otherwise."""
    return next((value in YES for key, value in settings.items() if name in key), True)


def _rule(line: str, where: str) -> Rule:
    left, arrow, right = line.partition("=>")
    if not arrow or not left.strip():
        raise DatasetError(f"{where}: {line.strip()[:60]!r} is no rule, expected A => B, or A => B / C __ D")
    written, context = _parted(right)
    before, slot, behind = context.partition("_")
    if context and not slot:
        shown = context.strip()[:60]
        raise DatasetError(f"{where}: the context {shown!r} has no place for what is read, as in / A __ B")
    _, _, around = behind.lstrip("_").partition(" ")
    rule = Rule(_bare(left), _bare(written), _bare(before), _bare(around))
    if not rule.read:
        raise DatasetError(f"{where}: {line.strip()[:60]!r} reads nothing, expected letters before =>")
    return rule


def _parted(right: str) -> tuple[str, str]:
    """What is written, and the context after the last slash that no bracket holds; '' where there is none."""
    at = right.rfind("/")
    if at < 0 or (right.find("]", at) >= 0 and not 0 <= right.find("[", at) < right.find("]", at)):
        return right, ""
    return right[:at], right[at + 1 :]


def _bare(side: str) -> str:
    """One side of a rule without its brackets or quotation marks."""
    text = side.strip()
    is_held = len(text) > 1 and (text[0], text[-1]) in (("[", "]"), ('"', '"'))
    return text[1:-1] if is_held else text
