"""The words that `modellab_en` knows: numbers, contractions, titles, units, and what else is written in two ways."""

from __future__ import annotations

DIGITS = dict(zip("zero one two three four five six seven eight nine".split(), range(10), strict=True))  # noqa: SIM905
DIGITS["nought"] = 0
TEENS = {
    word: 10 + i
    for i, word in enumerate(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    )
}
TENS = {
    word: 20 + 10 * i
    for i, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
}
DECADES = {word[:-1] + "ies": value for word, value in TENS.items()}
OTHER_DECADES = {"hundreds": "00", "tens": "10"}  # "nineteen hundreds", "twenty tens"
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, **{f"{word}th": value for word, value in TEENS.items() if value > 12},
    **{f"{word[:-1]}ieth": value for word, value in TENS.items()},
}  # fmt: skip
LAST_WRITTEN_OUT = 10  # "tenth" is a word, "11th" are figures
SMALL_ORDINALS = {value: word for word, value in ORDINALS.items() if value <= LAST_WRITTEN_OUT}
ORDINAL_SCALES = {"hundredth": 100, "thousandth": 10**3, "millionth": 10**6, "billionth": 10**9}
MONTHS = frozenset(
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
DENOMINATORS = {
    2: ("half", "halves"), 4: ("quarter", "quarters"), 100: ("hundredth", "hundredths"),
    1000: ("thousandth", "thousandths"),
    **{value: (word, f"{word}s") for value, word in SMALL_ORDINALS.items() if value not in (1, 2, 4)},
}  # fmt: skip
PARTS = {name: value for value, names in DENOMINATORS.items() for name in names} | {"fourth": 4, "fourths": 4}
PLURAL_ORDINALS = {f"{word}s": value for word, value in ORDINALS.items()}  # "seven sixteenths"
VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅐": "1/7", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8", "⅑": "1/9", "⅒": "1/10",
}  # fmt: skip

UNITS = {
    "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "kg": "kilogram", "mg": "milligram", "lb": "pound",
    "lbs": "pound", "oz": "ounce", "ft": "foot", "ml": "milliliter", "hz": "hertz", "khz": "kilohertz",
    "mhz": "megahertz", "ghz": "gigahertz", "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte",
    "kw": "kilowatt", "mph": "miles per hour", "kph": "kilometers per hour", "kmh": "kilometers per hour",
    "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute",
    "sec": "second", "secs": "second", "yrs": "year", "ms": "millisecond", "μs": "microsecond", "ns": "nanosecond",
    "μm": "micrometer", "nm": "nanometer", "mcg": "microgram", "μg": "microgram", "cl": "centiliter", "dl": "deciliter",
    "mi": "mile", "yr": "year", "wk": "week", "wks": "week", "mos": "month", "qt": "quart", "qts": "quart",
    "mpg": "miles per gallon", "bpm": "beats per minute", "rpm": "revolutions per minute", "bps": "basis points",
    "psi": "pounds per square inch", "mw": "megawatt", "hp": "horsepower",
    "yd": "yard", "yds": "yard", "gal": "gallon", "tbsp": "tablespoon", "tsp": "teaspoon",
    "db": "decibel", "kwh": "kilowatt hour", "mwh": "megawatt hour", "gwh": "gigawatt hour", "gw": "gigawatt",
    "kv": "kilovolt", "kj": "kilojoule", "kcal": "kilocalorie", "kpa": "kilopascal", "hpa": "hectopascal",
    "kbps": "kilobits per second", "mbps": "megabits per second", "gbps": "gigabits per second",
    "mps": "meters per second", "milliwatt": "milliwatt", "newtonmeter": "newton meter", "kilo": "kilogram",
    "kilos": "kilogram", "kgs": "kilogram", "kilobit": "kilobit", "megabit": "megabit", "gigabit": "gigabit",
    "terabit": "terabit", "volt": "volt", "watt": "watt", "milliamp": "milliamp", "mah": "milliamp hour",
    "ppm": "parts per million", "fps": "frames per second", "px": "pixel",
}  # fmt: skip
ALIKE = {  # units whose plural is no s
    "foot": "feet", "basis points": "basis points", "horsepower": "horsepower",
    **{name: name for name in UNITS.values() if "per" in name or name.endswith("hertz")},
}  # fmt: skip
AREAS = {**UNITS, "m": "meter", "in": "inch"}  # behind "square" and "cubic"
PER = {**UNITS, "s": "second", "h": "hour", "d": "day", "wk": "week", "mo": "month", "yr": "year", "l": "liter",
       "m": "meter"}  # fmt: skip
RATES = frozenset(
    {
        *PER.values(),
        "night",
        "head",
        "person",
        "share",
        "piece",
        "barrel",
        "ton",
    }
)  # what "an" before is as "per"

FILLERS = frozenset({"uh", "um", "uhm", "umm", "hmm", "hm", "mm", "mmm", "mhm", "erm"})
SOUNDS = (
    "noise|laughter|laughs|laughing|applause|music|inaudible|crosstalk|coughs?|coughing|sighs?|silence|unintelligible"
)
BY_PERIOD = {  # abbreviations that are words of their own, so that only a period within the text tells
    "gov": "governor", "gen": "general", "sen": "senator", "rep": "representative", "pres": "president",
    "rev": "reverend", "hon": "honorable", "col": "colonel", "ald": "alderman", "ave": "avenue", "jan": "january",
    "mt": "mount", "jun": "june", "jul": "july", "apr": "april",
}  # fmt: skip
ALWAYS = {
    "mr": "mister", "mrs": "missus", "prof": "professor", "capt": "captain", "lt": "lieutenant", "jr": "junior",
    "sr": "senior", "etc": "et cetera", "ok": "okay", "cannot": "can not", "wanna": "want to", "gotta": "got to",
    "gonna": "going to", "imma": "i am going to", "woulda": "would have", "coulda": "could have",
    "shoulda": "should have", "kinda": "kind of", "sorta": "sort of", "dunno": "do not know", "lemme": "let me",
    "gimme": "give me", "alright": "all right", "asst": "assistant", "assoc": "associate", "esq": "esquire",
    "sgt": "sergeant",
    "blvd": "boulevard", "rd": "road", "dept": "department", "approx": "approximately", "inc": "incorporated",
    "corp": "corporation", "feb": "february", "aug": "august", "sept": "september", "oct": "october",
    "nov": "november", "dec": "december", "vs": "versus", "ltd": "limited",
    "pct": "percent", "sq": "square", "govt": "government", "bros": "brothers", "misc": "miscellaneous",
    "univ": "university", "appt": "appointment", "til": "till", "thru": "through", "maam": "madam",
}  # fmt: skip
PLACES = {  # before a name, and behind one
    "st": ("saint", "street"), "dr": ("doctor", "drive"), "ave": ("ave", "avenue"),
}  # fmt: skip
BEHIND_A_PLACE = frozenset({
    "is", "was", "and", "or", "in", "on", "at", "to", "from", "by", "near", "the", "for", "with", "will", "has", "had",
    "are", "were", "of", "but",
})  # fmt: skip
BEFORE_NUMBERS = {
    "p": "page", "pp": "pages", "pg": "page", "vol": "volume", "vols": "volumes", "ch": "chapter", "chs": "chapters",
    "fig": "figure", "figs": "figures", "ext": "extension", "nos": "numbers", "art": "article", "para": "paragraph",
    "ver": "version", "eq": "equation", "eqs": "equations", "max": "maximum", "min": "minimum", "avg": "average",
    "apt": "apartment",
}  # fmt: skip
MONTHS_SHORT = {"jan": "january", "mar": "march", "apr": "april", "jun": "june", "jul": "july"}  # beside a day, a year
DAYS_SHORT = {
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thur": "thursday",
    "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday",
}  # fmt: skip
COMPARED = {
    "≥": "greater than or equal to", "≤": "less than or equal to", ">": "greater than", "<": "less than",
    "≈": "about", "~": "about", "≠": "not equal to",
}  # fmt: skip
PREFIXES = "co|re|pre|non|anti|multi|semi|sub|un|e"  # "co-operate" is "cooperate"
CONTRACTIONS = (
    (r"\bwon't\b", "will not"), (r"\bcan't\b", "can not"), (r"\bshan't\b", "shall not"), (r"\blet's\b", "let us"),
    (r"\bain't\b", "aint"), (r"\by'all\b", "you all"), (r"\bi'ma\b", "i am going to"), (r"\bma'am\b", "madam"),
    (r"(?<![\w'])'cause\b", "because"), (r"(?<![\w'])'em\b", "them"), (r"\bo'clock\b", "oclock"),
    (r"\bc'mon\b", "come on"), (r"(?<=[a-z])(?:'n'| 'n'? )(?=[a-z])", " and "),
    (r"'([sd])(?= (?:been|gone|done)\b)", r" ha\1"), (r"'s(?= got\b)", " has"), (r"n't\b", " not"), (r"'re\b", " are"),
    (r"'ll\b", " will"), (r"'ve\b", " have"), (r"\bi'm\b", "i am"), (r"'d\b", " would"),
    (r"\b(it|he|she|that|there|here|what|who|where|how|when|why|everything|something|nothing)'s\b", r"\1 is"),
)  # fmt: skip
