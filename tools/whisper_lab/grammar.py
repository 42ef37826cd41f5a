"""The tiny language of the embedded model: 144 words and 16 kinds of sentence, all lower case, no punctuation.

The order of the random draws is part of the recipe: `corpus.py` repeats them to know which sentences were trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random


def words(line: str) -> list[str]:
    """The blank-separated words of `line`."""
    return line.split()


UNITS = words("one two three four five six seven eight nine")
DIGITS = ["zero", *UNITS]
TEENS = words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
DAYS = words("monday tuesday wednesday thursday friday saturday sunday")
MONTHS = words("january february march april may june july august september october november december")
COLOURS = words("red green blue yellow orange purple pink black white brown silver gold")
ROOMS = words("kitchen bedroom bathroom garage office garden hallway")
DEVICES = words("light lamp fan heater radio television camera alarm speaker")
OPENABLE = words("door window curtain oven gate")
NAMES = words("alice peter mary john anna david")
MEDIA = words("music song news video")
SPANS = words("seconds minutes hours")
WHEN = words("today tomorrow tonight")
OTHER = words(
    "turn on off up down switch set open close lock unlock play stop pause start call send show "
    "make increase decrease the a in to for at is what please and timer volume message time weather "
    "temperature degrees percent code number hundred morning evening next last remind me"
)
GROUPS = (DIGITS, TEENS, TENS, DAYS, MONTHS, COLOURS, ROOMS, DEVICES, OPENABLE, NAMES, MEDIA, SPANS, WHEN, OTHER)
VOCABULARY = sorted({word for group in GROUPS for word in group})
FUNCTION_WORDS = {"to", "for", "the", "a", "in", "and", "is", "at"}  # homophones or reduced: in sentences only
CONTENT_WORDS = [word for word in VOCABULARY if word not in FUNCTION_WORDS]


def spell(n: int) -> str:
    """The number `n` (1 to 999) in words.

    >>> spell(42), spell(305)
    ('forty two', 'three hundred and five')
    """
    if n < 10:
        return UNITS[n - 1]
    if n < 20:
        return TEENS[n - 10]
    if n < 100:
        return TENS[n // 10 - 2] + ("" if n % 10 == 0 else " " + UNITS[n % 10 - 1])
    return UNITS[n // 100 - 1] + " hundred" + ("" if n % 100 == 0 else " and " + spell(n % 100))


def number(r: Random, high: int = 99) -> str:
    """A number between 1 and `high` in words."""
    return spell(r.randint(1, high))


def digits(r: Random, low: int, high: int) -> str:
    """Between `low` and `high` single digits."""
    return " ".join(r.choice(DIGITS) for _ in range(r.randint(low, high)))


def _remind(r: Random) -> str:
    return f"remind me on {r.choice(DAYS)} {r.choice(['morning', 'evening'])} at {number(r, 12)}"


def _weather(r: Random) -> str:
    topic = r.choice(["weather", "time", "temperature", "news"])
    return f"what is the {topic} {r.choice(WHEN + ['on ' + day for day in DAYS])}"


def _thermostat(r: Random) -> str:
    return f"set the {r.choice(ROOMS)} {r.choice(['temperature', 'heater', 'oven'])} to {number(r)} degrees"


def _call(r: Random) -> str:
    return f"{r.choice(['call', 'send a message to', 'show the camera to'])} {r.choice(NAMES)} {r.choice(WHEN)}"


def _play(r: Random) -> str:
    return f"{r.choice(['play', 'stop', 'pause', 'start'])} the {r.choice(MEDIA)} in the {r.choice(ROOMS)}"


def _alarm(r: Random) -> str:
    time = f"{number(r, 12)} {r.choice(['', 'thirty ', 'fifteen '])}"
    return f"set the alarm for {time}in the {r.choice(['morning', 'evening'])}"


def _two_commands(r: Random) -> str:
    direction = r.choice(["up", "down"])
    thing = r.choice(["volume", "radio", "television", "music", "heater", "fan"])
    return f"turn {direction} the {thing} and {r.choice(['open', 'close'])} the {r.choice(OPENABLE)}"


TEMPLATES: tuple[Callable[[Random], str], ...] = (
    lambda r: f"{r.choice(['turn', 'switch'])} {r.choice(['on', 'off'])} the {r.choice(ROOMS)} {r.choice(DEVICES)}",
    lambda r: f"{r.choice(['open', 'close', 'lock', 'unlock'])} the {r.choice(ROOMS)} {r.choice(OPENABLE)}",
    _thermostat,
    lambda r: f"set a timer for {number(r)} {r.choice(SPANS)}",
    _weather,
    lambda r: f"make the {r.choice(ROOMS)} {r.choice(['light', 'lamp'])} {r.choice(COLOURS)}",
    _remind,
    _call,
    lambda r: f"{r.choice(['increase', 'decrease'])} the volume to {number(r)} percent",
    _play,
    lambda r: f"the code is {digits(r, 3, 6)}",
    lambda r: f"{r.choice(['call', 'show'])} number {digits(r, 4, 7)}",
    lambda r: f"{r.choice(['next', 'last'])} {r.choice(DAYS)} is {r.choice(MONTHS)} {number(r, 31)}",
    _alarm,
    _two_commands,
    lambda r: f"the {r.choice(COLOURS)} number is {number(r, 999)}",
)


def sentence(r: Random, template: int | None = None) -> str:
    """One sentence, of kind `template` (0 to 15) or of any kind; about one in seven says please."""
    kind = r.randrange(len(TEMPLATES)) if template is None else template
    text = TEMPLATES[kind](r)
    if r.random() < 0.15:
        return f"{text} please" if r.random() < 0.5 else f"please {text}"
    return text


def random_words(r: Random, low: int, high: int) -> str:
    """Between `low` and `high` words in no order; function words are left out."""
    return " ".join(r.choice(CONTENT_WORDS) for _ in range(r.randint(low, high)))


def utterance(r: Random) -> str:
    """A training text: 55 % sentences, 32 % random words (1 to 7), 13 % digits (1 to 8)."""
    x = r.random()
    if x < 0.55:
        return sentence(r)
    return random_words(r, 1, 7) if x < 0.87 else digits(r, 1, 8)
