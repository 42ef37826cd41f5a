"""Money in `modellab_en`: what signs, codes and abbreviations are called, and their coins."""

from __future__ import annotations

import re
import unicodedata

SIGNS = "$£¤¥֏؋৳฿៛₠-⃀"  # for a character class: every currency sign but the cent's
Names = tuple[str, str]  # of one, of many


def _same(*names: str) -> dict[str, Names]:
    return {name: (name, name) for name in names}


DOLLARS = {
    "us": "us", "ca": "canadian", "c": "canadian", "au": "australian", "a": "australian", "nz": "new zealand",
    "hk": "hong kong", "s": "singapore", "nt": "new taiwan", "mx": "mexican", "r": "brazilian",
}  # fmt: skip
CURRENCIES: dict[str, Names] = {
    "$": ("dollar", "dollars"), "£": ("pound", "pounds"), "€": ("euro", "euros"), "¥": ("yen", "yen"),
    "₹": ("rupee", "rupees"), "₽": ("ruble", "rubles"), "₩": ("won", "won"), "₺": ("lira", "lira"),
    "₴": ("hryvnia", "hryvnia"), "₪": ("shekel", "shekels"), "฿": ("baht", "baht"), "₫": ("dong", "dong"),
    "₦": ("naira", "naira"), "₱": ("peso", "pesos"), "₡": ("colon", "colones"), "₲": ("guarani", "guaranis"),
    "₵": ("cedi", "cedis"), "₸": ("tenge", "tenge"), "₼": ("manat", "manat"), "₾": ("lari", "lari"),
    "₭": ("kip", "kip"), "₮": ("tugrik", "tugriks"), "₿": ("bitcoin", "bitcoins"), "₣": ("franc", "francs"),
    "₤": ("lira", "lira"), "₧": ("peseta", "pesetas"), "₯": ("drachma", "drachmas"), "৳": ("taka", "taka"),
    "֏": ("dram", "dram"), "؋": ("afghani", "afghanis"), "៛": ("riel", "riels"), "¤": ("currency", "currency"),
    "₠": ("ecu", "ecus"), "₢": ("cruzeiro", "cruzeiros"), "⃀": ("som", "som"),
    **{f"{code}$": (f"{nation} dollar", f"{nation} dollars") for code, nation in DOLLARS.items()},
    "mx$": ("mexican peso", "mexican pesos"), "r$": ("brazilian real", "brazilian reais"),
    "eur": ("euro", "euros"), "gbp": ("pound", "pounds"), "jpy": ("yen", "yen"), "usd": ("us dollar", "us dollars"),
    "cad": ("canadian dollar", "canadian dollars"), "aud": ("australian dollar", "australian dollars"),
    "nzd": ("new zealand dollar", "new zealand dollars"), "hkd": ("hong kong dollar", "hong kong dollars"),
    "sgd": ("singapore dollar", "singapore dollars"), "chf": ("swiss franc", "swiss francs"),
    "cny": ("yuan", "yuan"), "rmb": ("yuan", "yuan"), "inr": ("rupee", "rupees"), "rs": ("rupee", "rupees"),
    "rub": ("ruble", "rubles"), "krw": ("won", "won"), "uah": ("hryvnia", "hryvnia"), "ils": ("shekel", "shekels"),
    "thb": ("baht", "baht"), "vnd": ("dong", "dong"), "ngn": ("naira", "naira"), "zar": ("rand", "rand"),
    "mxn": ("mexican peso", "mexican pesos"), "brl": ("brazilian real", "brazilian reais"),
    "pln": ("zloty", "zloty"), "zl": ("zloty", "zloty"), "czk": ("koruna", "koruna"), "kc": ("koruna", "koruna"),
    "huf": ("forint", "forints"), "sek": ("swedish krone", "swedish kroner"), "kr": ("krone", "kroner"),
    "nok": ("norwegian krone", "norwegian kroner"), "dkk": ("danish krone", "danish kroner"),
    "aed": ("dirham", "dirhams"), "btc": ("bitcoin", "bitcoins"),
}  # fmt: skip
CODES = tuple(code for code in CURRENCIES if code.isalpha() and code.isascii())
CENTS, PENCE = ("cent", "cents"), ("penny", "pence")
COINS: dict[str, Names] = {
    **dict.fromkeys(("$", "€", "eur", "usd", "cad", "aud", "nzd", "hkd", "sgd"), CENTS),
    **{f"{code}$": CENTS for code in DOLLARS if code not in ("mx", "r")},
    **dict.fromkeys(("£", "gbp"), PENCE), "¥": ("sen", "sen"), **dict.fromkeys(("₹", "inr", "rs"), ("paisa", "paise")),
    **dict.fromkeys(("₽", "rub"), ("kopeck", "kopecks")),
}  # fmt: skip
SCALE_LETTERS = {
    "k": "thousand", **dict.fromkeys(("m", "mm", "mn", "mil", "mln", "mio"), "million"),
    **dict.fromkeys(("b", "bn", "bln"), "billion"), **dict.fromkeys(("t", "tn", "trn"), "trillion"),
}  # fmt: skip
DECIMAL_POINTS = ("dollars", "pounds", "yen")  # "$1.234" has decimals, "1.234 €" has thousands
ALIKE = {  # names of which people use several forms
    "zlotys": "zloty", "zlotych": "zloty", "bahts": "baht", "nairas": "naira", "liras": "lira", "lire": "lira",
    "hryvnias": "hryvnia", "hryvnya": "hryvnia", "kronor": "kroner", "krona": "krone", "rouble": "ruble",
    "roubles": "rubles", "rands": "rand", "korunas": "koruna", "reals": "reais", "copecks": "kopecks",
}  # fmt: skip


def names(sign: str) -> Names:
    """What one and many of a currency are called; of a sign that the table lacks, by its name in Unicode.

    >>> names("$"), names("₳")
    (('dollar', 'dollars'), ('austral', 'australs'))
    """
    if sign in CURRENCIES:
        return CURRENCIES[sign]
    name = unicodedata.name(sign, "CURRENCY SIGN").removesuffix(" SIGN").lower()
    return name, f"{name}s"


def counted(number: str, names: Names) -> str:
    """A number with the name of what is counted."""
    return f"{number} {names[number != '1']}"


def scale(found: re.Match[str] | None) -> str:
    """The name of a scale that was found as a `word` or as `letters`."""
    return "" if found is None else found["word"] or SCALE_LETTERS[found["letters"].strip()]
