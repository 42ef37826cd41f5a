"""Numbers written out in English words, by rules of their own: what the normaliser's reading is held against."""

from __future__ import annotations

BELOW_TEN = "zero one two three four five six seven eight nine".split()  # noqa: SIM905
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905
BELOW_TWENTY = [*BELOW_TEN, *TEENS]
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip
SCALES = ((10**6, "million"), (10**3, "thousand"))


def cardinal(n: int, joint: str = "") -> str:
    """A whole number below a milliard; `joint` may be "and", as the British say.

    >>> cardinal(1234, "and")
    'one thousand two hundred and thirty four'
    """
    for scale, name in SCALES:
        if n >= scale:
            rest = n % scale
            link = f" {joint}" if joint and rest < 100 else ""
            return f"{cardinal(n // scale, joint)} {name}" + (f"{link} {cardinal(rest, joint)}" if rest else "")
    if n >= 100:
        tail = f"{f' {joint}' if joint else ''} {cardinal(n % 100)}" if n % 100 else ""
        return f"{BELOW_TWENTY[n // 100]} hundred{tail}"
    if n >= 20:
        return TENS[n // 10 - 2] + (f" {BELOW_TWENTY[n % 10]}" if n % 10 else "")
    return BELOW_TWENTY[n]


def ordinal(n: int, joint: str = "") -> str:
    """ "twenty first"."""
    *before, last = cardinal(n, joint).split()
    nth = IRREGULAR.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*before, nth])


def suffix(n: int) -> str:
    """ "21st"."""
    return f"{n}{'th' if 10 < n % 100 < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def digits(figures: str) -> str:
    """Figures one by one."""
    return " ".join(BELOW_TWENTY[int(figure)] for figure in figures)


def decimal(whole: int, parts: str) -> str:
    """ "one hundred point two five"."""
    return f"{cardinal(whole)} point {digits(parts)}"


def year(n: int) -> str:
    """A year from 1300 to 2099, by its halves where people say it so."""
    century, rest = divmod(n, 100)
    if n % 1000 < 10:
        return cardinal(n)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {f'oh {cardinal(rest)}' if rest < 10 else cardinal(rest)}"


def time(hour: int, minute: int) -> str:
    """ "ten oh five"; a full hour is "ten o'clock", "thirteen hundred"."""
    if minute == 0:
        return f"{cardinal(hour)} {'hundred' if hour > 12 else "o'clock"}"
    return f"{cardinal(hour)} {f'oh {cardinal(minute)}' if minute < 10 else cardinal(minute)}"


def counted(n: int, one: str, many: str) -> str:
    return f"{cardinal(n)} {one if n == 1 else many}"
