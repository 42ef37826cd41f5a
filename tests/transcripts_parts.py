"""Further pairs that a person calls equal: parts of large numbers, seconds, whole amounts, days, numbered things."""

from __future__ import annotations

ENGLISH: list[tuple[str, str]] = [  # written, and as it is said
    ("$0.5 million", "half a million dollars"), ("$500,000", "half a million dollars"),
    ("500,000 people", "half a million people"), ("$500 million", "half a billion dollars"),
    ("250,000", "a quarter million"), ("250,000", "a quarter of a million"), ("750,000", "three quarters of a million"),
    ("½ million", "half a million"), ("1/4 million", "one quarter million"), ("0.5%", "half a percent"),
    ("½%", "half a percent"), ("0.25%", "a quarter of a percent"), ("0.5 percent", "one half of one percent"),
    ("9.58 s", "nine point five eight seconds"), ("2.5s", "two point five seconds"),
    ("2 min 30 s", "two minutes thirty seconds"), ("2m 30s", "two minutes thirty seconds"),
    ("10 Nm", "ten newton meters"), ("5 mW", "five milliwatts"), ("5 MW", "five megawatts"), ("1 mW", "one milliwatt"),
    ("5 kg", "five kilos"), ("1 kg", "one kilo"), ("0,75", "zero point seven five"), ("0,5", "zero point five"),
    ("0,125", "zero point one two five"), ("on 1 May", "on the first of May"), ("23 June", "the twenty third of June"),
    ("23 June 1984", "the twenty-third of June nineteen eighty-four"), ("Monday 5 March", "Monday the fifth of March"),
    ("the 4th of July", "the fourth of July"), ("1st of January 2024", "the first of January twenty twenty-four"),
    ("Vol. III", "volume three"), ("Ch. IV", "chapter four"), ("Mk II", "mark two"), ("Episode IV", "episode four"),
    ("Star Wars: Episode VI", "star wars episode six"), ("Rocky IV", "rocky four"), ("Saturn V", "saturn five"),
    ("Psalm XXIII", "psalm twenty three"), ("Season II", "season two"), ("20/20 vision", "twenty twenty vision"),
    ("rock 'n' roll", "rock and roll"), ("rock ’n’ roll", "rock and roll"), ("rock'n'roll", "rock and roll"),
    ("rock n roll", "rock and roll"), ("fish 'n' chips", "fish and chips"), ("0800", "zero eight hundred"),
    ("0800", "oh eight hundred"),
]  # fmt: skip
ENGLISH_UNLIKE: list[tuple[str, str]] = [
    ("half a million", "a million"), ("half a million", "half a billion"), ("a quarter million", "half a million"),
    ("half a percent", "5 percent"), ("half a percent", "a percent"), ("0,75", "75"), ("0,5", "0.05"),
    ("10 Nm", "10 nm"), ("5 mW", "5 MW"), ("9.58 s", "9.85 s"), ("the first of May", "the first of March"),
    ("the first of May", "the 2nd of May"), ("Episode IV", "Episode VI"), ("zero eight hundred", "800"),
    ("1, 2 and 3", "1.2 and 3"), ("0,1,2", "0.1"), ("2 min 30 s", "2 min 3 s"), ("five kilos", "five kilometers"),
]  # fmt: skip
OTHERS: dict[str, list[tuple[str, str]]] = {  # by language: written, and as it is said
    "fr": [
        ("5,00 €", "cinq euros"), ("€5,00", "cinq euros"), ("1.000 €", "mille euros"), ("1 000,00 €", "mille euros"),
        ("18h00", "dix-huit heures"), ("18:00", "dix-huit heures"), ("+5", "plus cinq"),
        ("20 m²", "vingt mètres carrés"), ("1 m²", "un mètre carré"), ("3 m³", "trois mètres cubes"),
    ],
    "es": [
        ("5,00 €", "cinco euros"), ("1.000,00 €", "mil euros"), ("+5", "más cinco"), ("22", "veintidos"),
        ("5 m²", "cinco metros cuadrados"), ("5 km2", "cinco kilómetros cuadrados"),
    ],
    "pt": [
        ("5,00 €", "cinco euros"), ("R$5,00", "cinco reais"), ("R$ 1.000,00", "mil reais"),
        ("US$ 5,00", "cinco dólares"), ("+5", "mais cinco"), ("18:00", "dezoito horas"),
        ("5 m²", "cinco metros quadrados"),
    ],
    "de": [
        ("5,00 €", "fünf Euro"), ("1.000,00 Euro", "tausend Euro"), ("+5", "plus fünf"), ("5 m²", "fünf Quadratmeter"),
        ("3 m³", "drei Kubikmeter"),
    ],
    "it": [("5,00 €", "cinque euro"), ("+5", "più cinque"), ("5 m²", "cinque metri quadrati")],
    "nl": [("€ 5,00", "vijf euro"), ("+5", "plus vijf"), ("5 m²", "vijf vierkante meter")],
    "da": [
        ("5,00 kr", "fem kroner"), ("+5", "plus fem"), ("20 pct.", "tyve procent"), ("1 million", "én million"),
        ("5 km²", "fem kvadratkilometer"),
    ],
}  # fmt: skip
