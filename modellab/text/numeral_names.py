"""What seven languages call what stands beside numbers: signs, units, halves, and ordinals that text2num leaves."""

from __future__ import annotations

from typing import NamedTuple

Names = tuple[str, str]  # of one, of many


class Numerals(NamedTuple):
    """Patterns are of words in lower case, whose marks are not removed."""

    small: dict[str, str]  # numbers that the library leaves as words where they stand alone
    one: str  # the word for one before a million
    comma: str  # decimals, in words
    million: str
    milliard: str  # '' where people say a thousand millions
    signs: dict[str, str]
    minus: str
    to: str  # between the ends of a range
    single: tuple[str, str]  # what a lone figure 1 is before another word, and elsewhere
    half: str  # behind a whole number: "et demi"
    units: dict[str, Names]
    coins: str = ""  # between euros and cents, where it is no blank
    ordinals: dict[str, str] = {}
    hour: tuple[str, str] = ("", "")  # what stands between hours and minutes in figures, and in words
    points: bool = True  # between thousands; else blanks
    is_nth_dotted: bool = False  # whether ordinals have a point before their ending: "1.º"
    pairs: bool = False  # whether years are read as two numbers


def _units(
    kilo: str, centi: str, milli: str, metre: tuple[str, str], gram: tuple[str, str]
) -> dict[str, tuple[str, str]]:
    prefixes = {
        "m": ("", metre),
        "g": ("", gram),
        "km": (kilo, metre),
        "cm": (centi, metre),
        "mm": (milli, metre),
        "kg": (kilo, gram),
    }
    return {unit: (f"{prefix}{one}", f"{prefix}{many}") for unit, (prefix, (one, many)) in prefixes.items()}


LANGUAGES: dict[str, Numerals] = {
    "fr": Numerals(
        {"deux": "2", "zéro": "0", "deuxième": "2ème"}, "une?", "virgule", "millions?", "milliards?",
        {"n°": "numéro", "°c": "degrés celsius", "%": "pour cent", "€": "euros", "$": "dollars", "£": "livres",
         "°": "degrés"},
        "moins", "à", ("un", "un"), "et demi",
        _units("kilo", "centi", "milli", ("mètre", "mètres"), ("gramme", "grammes")),
        ordinals={"1er": "premier", "1re": "première", "1ère": "première", r"(\d+)(?:e|ième|eme)": r"\1ème"},
        hour=("h", "heures"), points=False),
    "es": Numerals(
        {"dos": "2", "cero": "0", "uno": "1", "veintiún": "21"}, "un", "coma", "mill(?:ón|ones)", "",
        {"nº": "número", "n°": "número", "°c": "grados celsius", "%": "por ciento", "€": "euros", "$": "dólares",
         "£": "libras", "°": "grados"},
        "menos", "a", ("un", "1"), "y medio",
        _units("kiló", "centí", "milí", ("metro", "metros"), ("gramo", "gramos")) | {"kg": ("kilogramo", "kilogramos")},
        coins=" con", ordinals={"1o": "primero", "1a": "primera", "2o": "segundo", "2a": "segunda", "3er": "3",
                                "1er": "primer"}, is_nth_dotted=True),
    "pt": Numerals(
        {"dois": "2", "duas": "2", "zero": "0"}, "um", "vírgula", "milh(?:ão|ões)", "bilh(?:ão|ões)",
        {"nº": "número", "n°": "número", "°c": "graus celsius", "%": "por cento", "€": "euros", "r$": "reais",
         "$": "dólares", "£": "libras", "°": "graus"},
        "menos", "a", ("um", "um"), "e meio",
        _units("quilô", "centí", "milí", ("metro", "metros"), ("grama", "gramas"))
        | {"kg": ("quilograma", "quilogramas")},
        coins=" e", ordinals={"1o": "primeiro", "1a": "primeira", "2o": "segundo", "2a": "segunda"},
        hour=("h", "horas e"), is_nth_dotted=True),
    "de": Numerals(
        {"zwei": "2", "zwo": "2", "null": "0", "eins": "1", **{f"erste{end}": "1" for end in ("", "n", "r", "s", "m")},
         **{f"zweite{end}": "2" for end in ("", "n", "r", "s", "m")},
         "anderthalb": "1 komma 5", "eineinhalb": "1 komma 5", "zweieinhalb": "2 komma 5",
         "dreieinhalb": "3 komma 5", "viereinhalb": "4 komma 5", "fünfeinhalb": "5 komma 5"},
        "eine?", "komma", "million(?:en)?", "milliarden?",
        {"°c": "grad celsius", "%": "prozent", "€": "euro", "$": "dollar", "£": "pfund", "°": "grad"},
        "minus", "bis", ("ein", "1"), "einhalb",
        _units("kilo", "zenti", "milli", ("meter", "meter"), ("gramm", "gramm")), hour=("uhr", "uhr"), pairs=True),
    "nl": Numerals(
        {"twee": "2", "nul": "0", "één": "1", "eerste": "1e", "tweede": "2e", "anderhalf": "1 komma 5",
         "anderhalve": "1 komma 5", "tweeënhalf": "2 komma 5", "drieënhalf": "3 komma 5",
         "vierenhalf": "4 komma 5"}, "een|één", "komma", "miljoen", "miljard",
        {"°c": "graden celsius", "%": "procent", "€": "euro", "$": "dollar", "£": "pond", "°": "graden"},
        "min", "tot", ("een", "1"), "en een half",
        _units("kilo", "centi", "milli", ("meter", "meter"), ("gram", "gram")) | {"kg": ("kilo", "kilo")},
        ordinals={r"(\d+)(?:ste|de)": r"\1e"}, hour=("uur", "uur"), pairs=True),
    "da": Numerals(
        {"to": "2", "nul": "0", "første": "1", "halvanden": "1 komma 5", "halvandet": "1 komma 5"},
        "en", "komma", "million(?:er)?", "milliard(?:er)?",
        {"°c": "grader celsius", "%": "procent", "€": "euro", "$": "dollar", "£": "pund", "°": "grader"},
        "minus", "til", ("en", "en"), "en halv",
        _units("kilo", "centi", "milli", ("meter", "meter"), ("gram", "gram")) | {"kr": ("krone", "kroner")},
        pairs=True),
    "it": Numerals(
        {"due": "2", "zero": "0", "uno": "1", "ventun": "21", "trentun": "31", "quarantun": "41",
         "cinquantun": "51"}, "un", "virgola", "milion[ei]", "miliard[oi]",
        {"n°": "numero", "nº": "numero", "°c": "gradi celsius", "%": "per cento", "€": "euro", "$": "dollari",
         "£": "sterline", "°": "gradi"},
        "meno", "a", ("un", "1"), "e mezzo",
        _units("chilo", "centi", "milli", ("metro", "metri"), ("grammo", "grammi")),
        coins=" e", ordinals={"1o": "primo", "1a": "prima", "2o": "secondo", "2a": "seconda"}),
}  # fmt: skip
