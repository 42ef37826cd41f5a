"""Pairs that a person calls equal: bits and bytes, volts and watts, marks at school, currencies beside millions."""

from __future__ import annotations

ENGLISH: list[tuple[str, str]] = [  # written, and as it is said
    ("5 Gb", "five gigabits"), ("5 GB", "five gigabytes"), ("5 Mb", "five megabits"), ("5 kb", "five kilobytes"),
    ("5 Kbit", "five kilobits"), ("100 Mbit/s", "one hundred megabits per second"), ("5 Gb.", "five gigabits"),
    ("100 Mb/s", "one hundred megabits per second"), ("5 Gbit", "five gigabits"), ("1 Tb", "one terabit"),
    ("5 V", "five volts"), ("230V", "two hundred thirty volts"), ("a 12V battery", "a twelve volt battery"),
    ("60 W.", "sixty watts"), ("5 mA", "five milliamps"), ("3000 mAh", "three thousand milliamp hours"),
    ("80 kgs", "eighty kilograms"), ("300 ppm", "three hundred parts per million"),
    ("60 fps", "sixty frames per second"), ("5 px", "five pixels"), ("∞", "infinity"),
    ("an A- in math", "an A minus in math"), ("grade B-", "grade B minus"), ("rated AA-", "rated AA minus"),
    ("grade A- to B+ students", "grade A minus to B plus students"),
]  # fmt: skip
ENGLISH_UNLIKE: list[tuple[str, str]] = [
    ("5 Gb", "5 GB"), ("5 Mb", "5 MB"), ("an A- in math", "an A in math"), ("∞", ""), ("5 A.M.", "5 amps"),
    ("100 W 42nd Street", "100 watts"), ("2 V 1", "2 volts 1"),
    ("vitamins A- and D-rich", "vitamins A minus and D rich"),
]  # fmt: skip
OTHERS: dict[str, list[tuple[str, str]]] = {  # by language: written, and as it is said
    "fr": [
        ("3,5 M€", "trois virgule cinq millions d'euros"), ("3 Md€", "trois milliards d'euros"),
        ("10 k€", "dix mille euros"), ("3,5 millions €", "3,5 millions d'euros"), ("1 M€", "un million d'euros"),
        ("2 millions $", "deux millions de dollars"), ("10 - 4 = 6", "dix moins quatre égale six"),
    ],
    "es": [
        ("$3,5 millones", "3,5 millones de dólares"), ("3,5 M€", "tres coma cinco millones de euros"),
        ("5 k€", "cinco mil euros"), ("€3 mil millones", "tres mil millones de euros"), ("$5 mil", "cinco mil dólares"),
    ],
    "pt": [
        ("R$ 3 milhões", "três milhões de reais"), ("US$ 2,5 bilhões", "dois vírgula cinco bilhões de dólares"),
        ("R$ 5 mil", "cinco mil reais"), ("r$ 3,5 milhões", "três vírgula cinco milhões de reais"),
    ],
    "de": [
        ("€ 3,5 Millionen", "drei Komma fünf Millionen Euro"), ("€ 3 Mio.", "drei Millionen Euro"),
        ("$2,5 Mrd.", "zwei Komma fünf Milliarden Dollar"), ("5 - 3 = 2", "fünf minus drei gleich zwei"),
        ("€ 5 Tausend", "fünftausend Euro"),
    ],
    "it": [
        ("€ 3,5 milioni", "tre virgola cinque milioni di euro"), ("3 mln €", "tre milioni di euro"),
        ("2,5 mld €", "due virgola cinque miliardi di euro"), ("5 mila €", "cinquemila euro"),
    ],
    "nl": [("€ 3 miljoen", "drie miljoen euro"), ("$ 2,5 miljard", "twee komma vijf miljard dollar")],
    "da": [("€ 3 millioner", "tre millioner euro")],
}  # fmt: skip
