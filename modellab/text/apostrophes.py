"""The characters that people and programs write for an apostrophe.

Unicode joins none of them: some are letters (U+02BC, which Ukrainian recommends, U+02BB of Uzbek and Hawaiian), some
are quotes, primes or accents that stand alone. Hebrew's geresh and gershayim, for which keyboards write ' and ", are
among them.
"""

from __future__ import annotations

_MARKS = "'`\u00b4\u2018\u2019\u201b\u2032\u2035\uff07\u055a\u05f3"
_LETTERS = "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\ua78c\u07f4\u07f5"
APOSTROPHES = _MARKS + _LETTERS
PLAIN = dict.fromkeys(map(ord, APOSTROPHES), "'")  # for `str.translate`, before NFKC takes U+00B4 apart
