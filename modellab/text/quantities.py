"""One quantity that is written with figures, in the words it is read aloud with: "$150" is "150 dollars".

A quantity is a sign, a currency, a number (or a time, a fraction, an ordinal, a version), a scale, a currency, a
percent or degree sign behind it. The words are those that `spoken_numbers` reads; figures stay figures. What a quantity
becomes depends on one character before it and on few behind its figures: `written_numbers` counts on that.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from modellab.text import english_money as money
from modellab.text import number_patterns as patterns
from modellab.text.english_addresses import apart
from modellab.text.english_tables import DENOMINATORS
from modellab.text.number_forms import LONGEST, ordinal, written
from modellab.text.spoken_numbers import CENTURIES

IDENTIFIER = 7  # as many figures without commas are read one by one, unless they end in 000
COMMON_PARTS = frozenset({*range(2, 11), 16, 32, 64, 100, 1000})  # "5/16" is a fraction, "9/11" is none
NOON = 12  # full hours behind it are said as hundreds: "twenty one hundred"
MOST_PARTS = 100  # of a fraction behind a whole number
_RATED = frozenset({
    "percent", *(name.split()[-1] for names in (*money.CURRENCIES.values(), *money.COINS.values()) for name in names),
})  # fmt: skip


class Quantity(NamedTuple):
    """Something with a figure that was read: its words, where it ends, and what a range has to know of it."""

    words: str
    end: int
    number: str = ""  # without sign, currency and unit; '' if it cannot stand without them
    currency: str = ""  # as it is written before the number


class Quantities:
    """Reads the quantities of a text, one at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.single = range(0)  # where commas between figures are known not to part thousands

    def quantity(self, i: int, *, bound: bool = False) -> Quantity | None:
        """The quantity that begins at i, None where none does; a `bound` one stands behind a dash."""
        sign, start = self._sign(i, bound=bound)
        currency = ""
        if before := patterns.BEFORE.match(self.text, start):
            currency, start = before["sign"] or before["code"], before.end()
            if not sign:
                sign, start = self._sign(start, bound=True)
        elif self.text[start : start + 1] in ("¢", "%"):
            return self._mark_before(start, sign)
        if not (self.text[start : start + 1].isdecimal() or self.text[start : start + 1] == "."):
            return None
        found = self.money(start, currency) if currency else self._other(start) or self._number(start)
        if found and patterns.PER.match(self.text, found.end) and found.words.split()[-1] in _RATED:
            found = found._replace(words=f"{found.words} per", end=found.end + 1, number="")
        if found is None or not sign:
            return found
        return found._replace(words=f"{sign} {found.words}", number="")

    def _sign(self, i: int, *, bound: bool) -> tuple[str, int]:
        """The word for a sign at i, and the position behind it."""
        sign = None if self.text[i : i + 1].isdecimal() else patterns.SIGN.match(self.text, i)
        if sign is None or (not bound and i and patterns.MARK_BEFORE.match(self.text[i - 1])):
            return "", i
        return ("minus" if sign["minus"] else "plus" if sign["plus"] else "plus or minus"), sign.end()

    def _mark_before(self, i: int, sign: str) -> Quantity | None:
        """ "¢7" and "%5"."""
        number = self._figures(i + 1 + (self.text[i + 1 : i + 2] == " "))
        if number is None or (i and self.text[i - 1].isalnum()):
            return None
        words = money.counted(_figure(number), money.CENTS) if self.text[i] == "¢" else f"{_figure(number)} percent"
        return Quantity(f"{sign} {words}".strip(), number.end())

    def _figures(self, i: int) -> re.Match[str] | None:
        """The number at i. Groups that end with something else are looked at once, and not again from each of them."""
        if i in self.single:
            return patterns.SINGLE.match(self.text, i)
        number = patterns.NUMBER.match(self.text, i)
        if number and number["grouped"] is None and (groups := patterns.GROUPS.match(self.text, i)):
            self.single = range(i, groups.end() - len(",000"))
        return number

    def _other(self, i: int) -> Quantity | None:
        """A time, a version, a fraction, an ordinal or a decade at i."""
        if patterns.BARE.match(self.text, i):
            return None
        if (time := patterns.TIME.match(self.text, i)) and not (i and self.text[i - 1] == ":"):
            return Quantity(_time(time), time.end())
        if (version := patterns.VERSION.match(self.text, i)) and not self._european(i):
            return Quantity(version[0].replace(".", " point "), version.end())
        if (fraction := patterns.FRACTION.match(self.text, i)) and (words := _fraction(fraction)):
            return self._measured(fraction.end(), words)
        if i not in self.single and (nth := patterns.ORDINAL.match(self.text, i)):
            figure = nth["figure"].replace(",", "")
            return Quantity(
                (ordinal(int(figure)) if len(figure) <= LONGEST else apart(figure)) + nth["many"], nth.end()
            )
        if decade := patterns.DECADE.match(self.text, i):
            return Quantity(f"{decade[1]}s", decade.end())
        return None

    def _number(self, i: int) -> Quantity | None:
        """A number at i with a scale, a currency or a measure behind it."""
        if european := self._european(i):
            return european
        comma = patterns.COMMA.match(self.text, i) or patterns.ZERO_COMMA.match(self.text, i)
        if comma and not patterns.TAKES_A_COMMA.match(self.text, comma.end()):
            if paid := self._paid(comma.end(), comma["whole"], comma["parts"]):
                return paid
            comma = comma if comma["whole"] == "0" else None
        if comma:
            return self._measured(comma.end(), f"{comma['whole']}.{comma['parts']}")
        number = self._figures(i)
        if number is None:
            return None
        whole, parts = _parts(number)
        if paid := self._paid(number.end(), whole, parts):
            return paid
        return self._measured(number.end(), _figure(number))

    def _european(self, i: int) -> Quantity | None:
        """ "1.234,50 €": points between thousands are known by the comma behind them, or by being several."""
        found = patterns.EUROPEAN.match(self.text, i)
        if found is None:
            return None
        paid = self._paid(found.end(), found["whole"].replace(".", ""), found["parts"] or "")
        return paid if _is_grouped(found) or (paid and not paid.words.endswith(money.DECIMAL_POINTS)) else None

    def _measured(self, i: int, number: str) -> Quantity:
        """A number that ends at i, with a percent sign or a degree behind it."""
        measure = patterns.MEASURE.match(self.text, i)
        if measure is None and (mark := patterns.MARK_IN_RANGE.match(self.text, i)):
            return Quantity(number, mark.end(), number)  # "6'-7'"
        if measure is None:
            unit = patterns.UNIT_IN_RANGE.match(self.text, i)
            return Quantity(f"{number} {unit[0].strip()}", unit.end()) if unit else Quantity(number, i, number)
        if measure["percent"]:
            words = f"{number} percent"
        elif measure["mille"]:
            words = f"{number} per mille"
        elif measure["cents"]:
            words = money.counted(number, money.CENTS)
        else:
            scale = "celsius" if measure["celsius"] else "fahrenheit" if measure["fahrenheit"] else ""
            words = f"{money.counted(number, ('degree', 'degrees'))} {scale}".strip()
        return Quantity(words, measure.end(), number)

    # ------------------------------------------------------------------ money

    def _paid(self, i: int, whole: str, parts: str) -> Quantity | None:
        """A number that ends at i, with a currency behind it."""
        scaled = patterns.SCALED.match(self.text, i)
        end = scaled.end() if scaled else i
        if behind := patterns.BEHIND.match(self.text, end):
            sign = behind["sign"] or behind["apart"] or behind["code"]
        elif len(parts) == 2 and not scaled and (behind := patterns.NAMED.match(self.text, end)):
            sign = "$" if behind["name"].startswith("dollar") else "€"
        else:
            return None
        words, number = _amount(sign, whole, parts, money.scale(scaled))
        return Quantity(words, behind.end(), number)

    def money(self, i: int, sign: str) -> Quantity | None:
        """A number at i that a currency stands before."""
        number: re.Match[str] | None = patterns.EUROPEAN.match(self.text, i)
        if number is None or not (_is_grouped(number) or money.names(sign)[1] not in money.DECIMAL_POINTS):
            number = patterns.COMMA.match(self.text, i)
        if number:
            whole, parts = number["whole"].replace(".", ""), number["parts"] or ""
        elif number := self._figures(i):
            whole, parts = _parts(number)
        else:
            return None
        scaled = patterns.SCALED.match(self.text, number.end())
        words, figure = _amount(sign, whole, parts, money.scale(scaled))
        return Quantity(words, scaled.end() if scaled else number.end(), figure, sign)


def _is_grouped(found: re.Match[str]) -> bool:
    """Whether points are surely between thousands: a decimal comma is behind them, or there are several."""
    return found["parts"] is not None or found["whole"].count(".") > 1


def _amount(sign: str, whole: str, parts: str, scale: str) -> tuple[str, str]:
    """The words of an amount, and its number alone where it has no coins."""
    names, coins = money.names(sign), money.COINS.get(sign)
    if len(whole) > LONGEST:
        return f"{apart(whole)} {f'point {apart(parts)}' if parts else ''} {names[1]}", ""
    if scale or (parts and (len(parts) != 2 or coins is None)):
        number = f"{whole or '0'}.{parts}" if parts else whole
        number = f"{number} {scale}".strip()
        return f"{number} {names[1]}", number
    small = money.counted(str(int(parts)), coins) if coins and parts and int(parts) else ""
    number = written(Decimal(whole or "0"))
    notes = money.counted(number, names) if int(whole or "0") or not small else ""
    return f"{notes} {small}".strip(), "" if small else number


# ---------------------------------------------------------------------------- numbers


def _parts(number: re.Match[str]) -> tuple[str, str]:
    """The figures before and behind the point."""
    if number["bare"] is not None:
        return "", number["bare"]
    return (number["grouped"] or number["whole"]).replace(",", ""), number["cents"] or number["parts"] or ""


def _figure(number: re.Match[str]) -> str:
    """A number as it is written where no currency belongs to it."""
    whole, parts = _parts(number)
    if number["bare"] is not None:
        return f"point {apart(parts)}"
    if parts:
        return f"{whole}.{parts}"
    if number["grouped"] and len(whole) <= LONGEST:
        return written(Decimal(whole))
    by_figure = (whole[0] == "0" and len(whole) > 1) or (len(whole) >= IDENTIFIER and not whole.endswith("000"))
    if by_figure or len(whole) > LONGEST:
        return apart(whole)
    return written(Decimal(whole)) if len(whole) >= IDENTIFIER else whole


def _time(found: re.Match[str]) -> str:
    """ "10:05" is "10 0 5", as "ten oh five"; "19:30" is "1930", as "nineteen thirty"."""
    hour, minute = found["hour"] or found["dotted"], found["minute"] or found["behind"]
    second, half = found["second"] or "", (found["half"] or found["half_too"] or "").strip()
    hour = str(int(hour))
    if not second and minute == "00":
        return f"{hour}00" if int(hour) > NOON and not half else f"{hour} {half or 'oclock'}"
    if int(hour) in CENTURIES and minute != "00":
        said = [f"{hour}{minute}", _two_figures(second)]
    elif minute in ("19", "20") and second not in ("", "00"):
        said = [hour, minute + second]
    else:
        said = [hour, _two_figures(minute), _two_figures(second)]
    return " ".join(filter(None, (*said, half)))


def _two_figures(figure: str) -> str:
    return f"0 {figure[1:]}" if figure.startswith("0") else figure


def _fraction(found: re.Match[str]) -> str:
    """ "3/4" is "3 quarters", "1 3/4" is "1 and 3 quarters"; '' for what is no fraction."""
    whole, top, bottom = found["whole"], int(found["top"]), int(found["bottom"])
    fits = 2 <= bottom <= MOST_PARTS if whole else bottom in COMMON_PARTS
    if not fits or not 0 < top < bottom:
        return ""
    names = DENOMINATORS.get(bottom, (ordinal(bottom), f"{ordinal(bottom)}s"))
    return f"{f'{int(whole)} and ' if whole else ''}{money.counted(str(top), names)}"
