"""The words of `numeral_signs`: fractions, operators, abbreviations and what is numbered, in seven languages."""

from __future__ import annotations

from typing import NamedTuple

Pair = tuple[str, str]
_TITLES = "{}(?= ?[A-ZÀ-Þ])"  # before a name


class Words(NamedTuple):
    """Patterns are for text as it is written; an abbreviation with capitals in its pattern needs them."""

    parts: dict[int, Pair]  # lower numbers of fractions: of one, of many
    half: str  # "1/2" alone
    and_half: str  # "1/2" behind a whole number
    operators: dict[str, str]
    signs: dict[str, str]  # beside figures, and "++" behind a letter; "^": any power
    ampersand: str
    at: str
    dot: str
    slash: str
    hour: str  # of "km/h"
    per_hour: Pair  # kilometres, metres
    numbered: str  # what a Roman numeral stands behind
    abbreviations: tuple[Pair, ...]
    raised: Pair = ("{}", "{}")  # square and cubic units: of one, |, of many
    joins_parts: bool = True  # whether there is an "and" in "2 and 3 quarters"
    hours: str = ""  # what "h" behind figures is called, where nothing else says it
    clock: str = ""  # the word behind "8.30"
    at_hour: str = ""  # the word before "20.15"
    minutes: str = ""  # the word between hours and minutes, where these are written with a colon alone
    score: str = ""  # what the colon in "3:2" is called
    degrees_count: str = ""  # words behind a degree; any other makes an ordinal of "3°"
    roman_ending: str = ""
    roman_before: str = ""  # what makes a numeral an ordinal that it stands before
    roman_after_name: str = ""  # how a ruler's numeral is said
    last_ordinal: int = 0  # of rulers; later ones are counted
    ordinal: str = ""


def _operators(times: str, plus: str, equals: str, divided: str) -> dict[str, str]:
    return {"×": times, "+": plus, "=": equals, "÷": divided}


def _signs(powers: str, less: str, more: str, others: str) -> dict[str, str]:
    """Of what is parted by |: square, cube and power; < and ≤; > and ≥; ±, § and "++"."""
    words = "|".join((powers, less, more, others)).split("|")
    return dict(zip(("²", "³", "^", "<", "≤", ">", "≥", "±", "§", "++"), words, strict=True))


def _titles(**full: str) -> tuple[Pair, ...]:
    return tuple((_TITLES.format(rf"{short}\.?"), f"{name}") for short, name in full.items())


_DEGREES = r"celsius|cent|fahr|de\b|do\b|di\b|da\b|e\b|a\b|y\b|en\b|in\b|em\b|sot|sop|bajo|sobre|nor|su[rdl]|est|oe|ov"
WORDS: dict[str, Words] = {
    "es": Words(
        {2: ("medio", "medios"), 3: ("tercio", "tercios"), 4: ("cuarto", "cuartos"), 5: ("quinto", "quintos"),
         8: ("octavo", "octavos"), 10: ("décimo", "décimos")},
        "medio", "y medio", _operators("por", "más", "igual a", "entre"),
        _signs("al cuadrado|al cubo|elevado a {}", "menor que|menor o igual a",
               "mayor que|mayor o igual a", "más menos|párrafo|más más"),
        "y", "arroba", "punto", "barra",
        "h", ("kilómetros por hora", "metros por hora"),
        "siglos?|capítulo|tomo|volumen|libro|parte|fase|tipo|anexo|título|acto|guerra mundial",
        (*_titles(Sr="señor", Sra="señora", Srta="señorita", Dr="doctor", Dra="doctora", Prof="profesor"),
         (r"ee\. ?uu\.?", "estados unidos"), (r"págs?\.(?= ?\d)", "página"), (r"núm\.(?= ?\d)", "número"),
         (r"etc\.?", "etcétera"), (r"uds?\.", "usted"), (r"avda?\.", "avenida"), (r"a\. ?C\.", "antes de cristo"),
         (r"d\. ?C\.", "después de cristo")),
        raised=("{} cuadrado|{} cuadrados", "{} cúbico|{} cúbicos"),
        hours="horas", degrees_count=_DEGREES, roman_after_name="{}", last_ordinal=10, ordinal="º"),
    "pt": Words(
        {2: ("meio", "meios"), 3: ("terço", "terços"), 4: ("quarto", "quartos"), 5: ("quinto", "quintos"),
         8: ("oitavo", "oitavos"), 10: ("décimo", "décimos")},
        "meio", "e meio", _operators("vezes", "mais", "igual a", "dividido por"),
        _signs("ao quadrado|ao cubo|elevado a {}", "menor que|menor ou igual a",
               "maior que|maior ou igual a", "mais ou menos|parágrafo|mais mais"),
        "e", "arroba", "ponto", "barra",
        "h", ("quilômetros por hora", "metros por hora"),
        "séculos?|capítulo|tomo|volume|livro|parte|fase|tipo|anexo|título|ato|guerra mundial",
        (*_titles(Sr="senhor", Sra="senhora", Dr="doutor", Dra="doutora", Prof="professor", Profa="professora"),
         (r"págs?\.(?= ?\d)", "página"), (r"etc\.?", "etcétera"), (r"av\.", "avenida"), (r"art\.(?= ?\d)", "artigo")),
        raised=("{} quadrado|{} quadrados", "{} cúbico|{} cúbicos"),
        degrees_count=_DEGREES, roman_after_name="{}", last_ordinal=10, ordinal="º"),
    "it": Words(
        {2: ("mezzo", "mezzi"), 3: ("terzo", "terzi"), 4: ("quarto", "quarti"), 5: ("quinto", "quinti"),
         8: ("ottavo", "ottavi"), 10: ("decimo", "decimi")},
        "mezzo", "e mezzo", _operators("per", "più", "uguale", "diviso"),
        _signs("al quadrato|al cubo|alla {}", "minore di|minore o uguale a",
               "maggiore di|maggiore o uguale a", "più o meno|paragrafo|più più"),
        "e", "chiocciola", "punto", "barra",
        "h", ("chilometri all'ora", "metri all'ora"),
        "capitolo|tomo|volume|libro|parte|fase|tipo|allegato|titolo|atto|guerra mondiale",
        ((r"Sig\.ra", "signora"), (r"Sig\.na", "signorina"), (r"Dott\.ssa", "dottoressa"),
         (r"Prof\.ssa", "professoressa"),
         *_titles(Sig="signor", Dott="dottor", Prof="professor", Ing="ingegner", Avv="avvocato"),
         (r"pagg?\.(?= ?\d)", "pagina"), (r"n\.(?= ?\d)", "numero"), (r"ecc\.?", "eccetera"),
         (r"art\.(?= ?\d)", "articolo")),
        raised=("{} quadrato|{} quadrati", "{} cubo|{} cubi"),
        at_hour="alle|dalle|ore|le", minutes="e", degrees_count=_DEGREES, roman_before="()(?= secol[oi])",
         roman_after_name="{}",
        last_ordinal=100, ordinal="º"),
    "fr": Words(
        {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts"), 5: ("cinquième", "cinquièmes"),
         8: ("huitième", "huitièmes"), 10: ("dixième", "dixièmes")},
        "un demi", "et demi", _operators("fois", "plus", "égale", "divisé par"),
        _signs("au carré|au cube|puissance {}", "inférieur à|inférieur ou égal à",
               "supérieur à|supérieur ou égal à", "plus ou moins|paragraphe|plus plus"),
        "et", "arobase", "point", "slash",
        "h", ("kilomètres par heure", "mètres par heure"),
        "chapitre|tome|volume|livre|partie|phase|type|annexe|titre|acte|guerre mondiale",
        ((r"M\.(?= ?[A-ZÀ-Þ][a-zà-ÿ])", "monsieur"), (r"MM\.(?= ?[A-ZÀ-Þ])", "messieurs"),
         *_titles(Mme="madame", Mmes="mesdames", Mlle="mademoiselle", Mlles="mesdemoiselles", Dr="docteur",
         Pr="professeur"),
         (r"St(?=[ -][A-ZÀ-Þ])", "saint"), (r"Ste(?=[ -][A-ZÀ-Þ])", "sainte"), (r"etc\.?", "et cetera"),
         (r"pp?\.(?= ?\d)", "page"), (r"2nd", "second"), (r"2nde", "seconde"), (r"1res", "premières"),
         (r"1ers", "premiers"), (r"av\. J\.-C\.", "avant jésus christ")),
        raised=("{} carré|{} carrés", "{} cube|{} cubes"),
        roman_ending="er|re|e|ème", roman_before="(er|re|ère|e|ème)(?![a-zà-ÿ])", roman_after_name="{}"),
    "de": Words(
        {2: ("halb", "halbe"), 3: ("drittel", "drittel"), 4: ("viertel", "viertel"), 5: ("fünftel", "fünftel"),
         8: ("achtel", "achtel"), 10: ("zehntel", "zehntel")},
        "1 halb", "einhalb", _operators("mal", "plus", "gleich", "geteilt durch"),
        _signs("hoch 2|hoch 3|hoch {}", "kleiner als|kleiner gleich",
               "größer als|größer gleich", "plus minus|paragraph|plus plus"),
        "und", "at", "punkt", "schrägstrich",
        "h", ("kilometer pro stunde", "meter pro stunde"),
        "kapitel|band|buch|teil|phase|typ|anhang|titel|akt|weltkrieg",
        (*_titles(Dr="doktor", Prof="professor", Hr="herr", Hrn="herrn"), (r"Fr\.(?= ?[A-ZÄÖÜ])", "frau"),
         (r"St\.(?= ?[A-ZÄÖÜ])", "sankt"), (r"nr\.(?= ?\d)", "nummer"), (r"S\.(?= ?\d)", "seite"),
         (r"z\. ?b\.", "zum beispiel"),
         (r"d\. ?h\.", "das heißt"), (r"u\. ?a\.", "unter anderem"), (r"usw\.?", "und so weiter"),
         (r"bzw\.?", "beziehungsweise"),
         (r"ca\.", "circa"), (r"vgl\.", "vergleiche"), (r"evtl\.", "eventuell"), (r"ggf\.", "gegebenenfalls"),
         (r"inkl\.", "inklusive"), (r"(?<=\d )mio\.?", "millionen"), (r"(?<=\d )mrd\.?", "milliarden"),
         (r"(?<=\d )tsd\.?", "tausend"), (r"(?<=\d )std\.?", "stunden"), (r"Jh\.", "jahrhundert")),
        raised=("quadrat{}", "kubik{}"),
        joins_parts=False, clock="uhr", score="zu", roman_ending=r"\.", roman_after_name="der {}"),
    "nl": Words(
        {2: ("half", "halve"), 3: ("derde", "derde"), 4: ("kwart", "kwart"), 5: ("vijfde", "vijfde"),
         8: ("achtste", "achtste"), 10: ("tiende", "tiende")},
        "een half", "en een half", _operators("keer", "plus", "is", "gedeeld door"),
        _signs("kwadraat|tot de macht 3|tot de macht {}", "kleiner dan|kleiner of gelijk aan",
               "groter dan|groter of gelijk aan", "plus min|paragraaf|plus plus"),
        "en", "apenstaartje", "punt",
         "slash",
        "[hu]", ("kilometer per uur", "meter per uur"),
        "hoofdstuk|deel|boek|fase|type|bijlage|titel|akte|wereldoorlog",
        ((r"nrs?\.(?= ?\d)", "nummer"), (r"blz\.(?= ?\d)", "bladzijde"), (r"dhr\.", "de heer"),
         (r"(?:mevr|mw)\.", "mevrouw"),
         (r"prof\.", "professor"), (r"bi?j?v\.", "bijvoorbeeld"), (r"enz\.?", "enzovoort"),
         (r"d\.w\.z\.", "dat wil zeggen"),
         (r"o\.a\.", "onder andere"), (r"i\.p\.v\.", "in plaats van"), (r"a\.u\.b\.", "alstublieft"),
         (r"ca\.", "circa"),
         (r"(?<=\d )mln\.?", "miljoen"), (r"(?<=\d )mld\.?", "miljard")),
        raised=("vierkante {}", "kubieke {}"),
        clock="uur", roman_after_name="de {}", last_ordinal=100, ordinal="e"),
    "da": Words(
        {2: ("halv", "halve"), 3: ("tredjedel", "tredjedele"), 4: ("kvart", "kvarte"), 5: ("femtedel", "femtedele"),
         8: ("ottendedel", "ottendedele"), 10: ("tiendedel", "tiendedele")},
        "en halv", "en halv", _operators("gange", "plus", "lig med", "divideret med"),
        _signs("i anden|i tredje|opløftet i {}", "mindre end|mindre end eller lig med",
               "større end|større end eller lig med", "plus minus|paragraf|plus plus"),
        "og", "snabel a", "punktum",
        "skråstreg", "t", ("kilometer i timen", "meter i timen"),
         "kapitel|bind|bog|del|fase|type|bilag|akt|verdenskrig",
        ((r"nr\.(?= ?\d)", "nummer"), (r"kl\.(?= ?\d)", "klokken"), (r"ca\.", "cirka"), (r"f\. ?eks\.", "for eksempel"),
         (r"bl\. ?a\.", "blandt andet"), (r"osv\.?", "og så videre"), (r"hr\.", "herr"), (r"dvs\.", "det vil sige"),
         (r"(?<=\d )mio\.?", "millioner"), (r"(?<=\d )mia\.?", "milliarder"), (r"(?<=\d )pct\.?", "procent")),
        raised=("kvadrat{}", "kubik{}"),
        at_hour="klokken"),
}  # fmt: skip
