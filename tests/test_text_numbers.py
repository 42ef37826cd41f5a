"""`modellab_en` and figures: what is written in one way and said in another becomes the same text, kind by kind."""

from __future__ import annotations

import pytest

from modellab import text
from tests import transcripts_amounts, transcripts_parts
from tests.transcripts import FURTHER
from tests.transcripts_numbers import NUMBERS

ALIKE = [  # written, and as it is said
    ("$150-$250", "150 dollars to 250 dollars"),
    ("$150–$250", "one hundred fifty dollars to two hundred fifty dollars"),
    ("$150-250", "one hundred fifty to two hundred fifty dollars"),
    ("$5-10 million", "five to ten million dollars"), ("$5M-$10M", "five million dollars to ten million dollars"),
    ("$2.50-$3.50", "two dollars fifty cents to three dollars fifty cents"), ("€5–10", "five to ten euros"),
    ("5-10€", "five to ten euros"), ("5 - 10 €", "five to ten euros"), ("5-10%", "five to ten percent"),
    ("5%–10%", "five percent to ten percent"), ("2.5-3.5", "two point five to three point five"),
    ("2.5%-3.5%", "two point five percent to three point five percent"), ("-5 to -10", "minus five to minus ten"),
    ("-5 – -10", "minus five to minus ten"), ("-5--10", "minus five to minus ten"),
    ("-5°C to 10°C", "minus five degrees celsius to ten degrees celsius"),
    ("-5–10°C", "minus five to ten degrees celsius"), ("10:30–11:30", "ten thirty to eleven thirty"),
    ("10:30-11:30 am", "ten thirty to eleven thirty am"), ("9-5", "nine to five"),
    ("1990-1995", "nineteen ninety to nineteen ninety five"), ("1990–95", "nineteen ninety to ninety five"),
    ("1st-3rd", "first to third"), ("5-10 km", "five to ten kilometers"),
    ("5km-10km", "five kilometers to ten kilometers"), ("1/2-3/4", "one half to three quarters"),
    ("100-1500 people", "one hundred to fifteen hundred people"),
    ("pages 100-2000", "pages one hundred to two thousand"), ("10:15:30", "ten fifteen thirty"),
    ("1:23:45", "one twenty three forty five"), ("12:05:09 pm", "twelve oh five oh nine pm"),
    ("13:30", "thirteen thirty"), ("20:15", "twenty fifteen"), ("21:30", "twenty one thirty"),
    ("10.30 am", "ten thirty am"), ("it costs 5€", "it costs five euros"), ("it costs 5 €", "it costs €5"),
    ("it costs 5 €.", "it costs five euros"), ("5 €, please", "five euros, please"),
    ("100$", "one hundred dollars"), ("500¥", "¥500"), ("₹500", "five hundred rupees"),
    ("500 ₹", "five hundred rupees"), ("₽500", "five hundred rubles"), ("500₽", "five hundred rubles"),
    ("₩1000", "one thousand won"), ("₺50", "fifty lira"), ("₴50", "fifty hryvnia"), ("₪50", "fifty shekels"),
    ("฿50", "fifty baht"), ("₫5000", "five thousand dong"), ("₦50", "fifty naira"), ("₱50", "fifty pesos"),
    ("50 zł", "fifty zloty"), ("50zł", "fifty zloty"), ("50 kr", "fifty kroner"), ("kr 50", "fifty kroner"),
    ("50 CHF", "fifty Swiss francs"), ("CHF 50", "fifty Swiss francs"), ("EUR 50", "fifty euros"),
    ("50 EUR", "fifty euros"), ("EUR 50.25", "fifty euros twenty five cents"), ("USD 50", "fifty US dollars"),
    ("50 USD", "fifty US dollars"), ("US$50", "fifty US dollars"), ("C$50", "fifty Canadian dollars"),
    ("A$50", "fifty Australian dollars"), ("HK$5", "five Hong Kong dollars"), ("GBP 5", "five pounds"),
    ("Rs 500", "five hundred rupees"), ("Rs. 500", "five hundred rupees"), ("R$5", "five Brazilian reais"),
    ("$.50", "fifty cents"), ("$10M", "ten million dollars"), ("$10 M", "ten million dollars"),
    ("£5m", "five million pounds"), ("$2bn", "two billion dollars"), ("$2 bn", "two billion dollars"),
    ("$1.5B", "one point five billion dollars"), ("$5k", "five thousand dollars"), ("$5K", "five thousand dollars"),
    ("$1tn", "one trillion dollars"), ("$1T", "one trillion dollars"), ("€2.5mn", "two point five million euros"),
    ("5M€", "five million euros"), ("5 million €", "five million euros"), ("₹5 crore", "five crore rupees"),
    ("€10,50", "10 euros 50 cents"), ("10,50 €", "10 euros 50 cents"), ("10,50€", "10 euros 50 cents"),
    ("$4,85", "four dollars and eighty five cents"),
    ("€1.234,56", "one thousand two hundred thirty four euros fifty six cents"),
    ("€1,234.56", "one thousand two hundred thirty four euros and fifty six cents"),
    ("€1.234.567", "one million two hundred thirty four thousand five hundred sixty seven euros"),
    ("$1,234", "one thousand two hundred thirty four dollars"),
    ("$1,234.", "one thousand two hundred thirty four dollars"),
    ("$1,234,567", "one million two hundred thirty four thousand five hundred sixty seven dollars"),
    ("₹1,00,000", "one hundred thousand rupees"), ("$10,500", "ten thousand five hundred dollars"),
    ("3,5 %", "three point five percent"), ("-$5", "minus five dollars"), ("$-5", "minus five dollars"),
    ("−$5", "minus five dollars"), ("-$2.50", "minus two dollars fifty cents"),
    ("one hundred point two five", "100.25"), ("one hundred three point two five", "103.25"),
    ("one hundred and three point two five", "103.25"),
    ("three hundred sixty five point two five days", "365.25 days"), ("one thousand point five", "1000.5"),
    ("two thousand and five point one", "2005.1"), ("one hundred point five million", "100.5 million"),
    ("one hundred twenty point oh five", "120.05"), ("two point oh five", "2.05"), ("zero point zero five", "0.05"),
    ("one million two hundred thousand point five", "1,200,000.5"), ("10 000 people", "ten thousand people"),
    ("10\u00a0000 people", "ten thousand people"), ("10\u202f000 people", "ten thousand people"),
    ("10\u2009000 people", "ten thousand people"), ("1 000 000 people", "one million people"),
    ("1\u00a0234\u00a0567", "one million two hundred thirty four thousand five hundred sixty seven"),
    ("10'000 people", "ten thousand people"), ("10\u00a0500 €", "ten thousand five hundred euros"),
    ("€10\u00a0500", "ten thousand five hundred euros"), ("1 3/4 cups", "one and three quarters cups"),
    ("1 1/4 miles", "one and a quarter miles"), ("1¾ cups", "one and three quarters cups"),
    ("2 1/3", "two and one third"), ("2 1/3", "two and a third"), ("2 2/3 cups", "two and two thirds cups"),
    ("5 5/8 inches", "five and five eighths inches"), ("3 7/16 inches", "three and seven sixteenths inches"),
    ("7/16", "seven sixteenths"), ("1/16", "one sixteenth"), ("5/6", "five sixths"), ("9/10", "nine tenths"),
    ("1/10", "one tenth"), ("1/100", "one hundredth"), ("3/100", "three hundredths"),
    ("2 1/10", "two and one tenth"), ("2⅙", "two and one sixth"), ("2½ million", "two and a half million"),
    ("1 1/2 million", "one and a half million"), ("a million and a half", "1.5 million"),
    ("-1/2", "minus one half"), ("a fifty mm lens", "a 50 mm lens"), ("five hundred mm of rain", "500 mm of rain"),
    ("fifty mm.", "50 mm"), ("two and a half mm", "2.5 mm"),
    ("between one hundred and two hundred people", "between 100 and 200 people"),
    ("one hundred, two hundred and three hundred", "100, 200 and 300"),
    ("five hundred and six hundred", "500 and 600"),
    ("between one thousand and two thousand", "between 1000 and 2000"),
    ("between one hundred and one thousand", "between 100 and 1000"),
    ("between two and three hundred", "between 2 and 300"), ("between one hundred and two", "between 100 and 2"),
    ("between one hundred and five and two hundred", "between 105 and 200"),
    ("between one thousand and two hundred thousand", "between 1000 and 200000"),
    ("two hundred and three hundred thousand", "200 and 300000"),
    ("between one million and two million", "between 1 million and 2 million"),
    ("between twenty one hundred and twenty two hundred", "between 2100 and 2200"), ("we need 1/3.", "we need 1/3"),
    ("we need 1/3.", "we need one third"), ("103.25.", "103.25"), ("20€", "20 euros"),
    ("1,000th", "one thousandth"), ("1,001st", "one thousand and first"),
    ("10,200th", "ten thousand two hundredth"), ("1,021st", "one thousand twenty first"),
    ("1900s", "nineteen hundreds"), ("5 − 3", "five minus three"), ("5 + 3 = 8", "five plus three equals eight"),
    ("5-3=2", "five minus three equals two"), ("1°", "one degree"), ("%5", "five percent"),
    ("20ºC", "twenty degrees celsius"), ("20˚C", "twenty degrees celsius"), (".5", "point five"),
    (".05", "point oh five"), ("-.5", "minus point five"), (".25 percent", "point two five percent"),
    ("one hundred two thousand", "102,000"), ("one thousand two hundred", "1200"), ("twelve hundred", "1200"),
    ("one hundred and twenty third", "123rd"), ("nineteen oh five", "1905"),
    ("555-0123.", "five five five oh one two three"),
    ("$100 million to $200 million", "one hundred million dollars to two hundred million dollars"),
    ("in the fifties", "in the '50s"), ("3/4 cup", "three fourths cup"), ("100%", "a hundred percent"),
    ("$20 - $30", "twenty dollars to thirty dollars"), ("(−5)", "minus five"), ("(-5)", "minus five"),
    ("1.5x", "1.5 x"), ("$0.05", "five cents"), ("$0.5", "zero point five dollars"), ("¢50", "fifty cents"),
    ("50¢", "fifty cents"), ("50¢-75¢", "fifty cents to seventy five cents"), ("±5", "plus or minus five"),
    ("two thirds", "2/3"), ("covid-19", "covid 19"), ("F-16", "F 16"), ("March 5-10", "March five to ten"),
    ("room 12-34-56", "room 12 34 56"), ("$5 and $10", "five dollars and ten dollars"),
    ("5 $10 bills", "five 10 dollars bills"), ("the 50 USD and 60 EUR", "the fifty us dollars and sixty euros"),
    ("60 km/h", "sixty kilometers per hour"), ("five km", "5 km"), ("2 hrs", "two hours"), ("1 hr", "one hour"),
    ("5 percent – 10 percent", "five percent to ten percent"),
    ("2.5 million–3 million", "two point five million to three million"), ("5am–10am", "five am to ten am"),
    ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10.", "one two three four five six seven eight nine ten"),
    ("11, 12, 13, 14, 15, 16, 17, 18, 19, 20", "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"),  # noqa: E501
    ("in the 90s–2000s", "in the nineties to two thousands"), ("-5 − 3", "minus five minus three"),
    ("5+3", "five plus three"),
    *(pair for pairs in (*FURTHER.values(), *NUMBERS.values()) for pair in pairs),
    *transcripts_parts.ENGLISH,
    *transcripts_amounts.ENGLISH,
]  # fmt: skip
UNLIKE = [
    ("10:00:30", "10:00:59"), ("1:23:45", "1:23:46"), ("10:15:30", "10:15"), ("a factor of .5.", "a factor of 5."),
    ("$5,50", "$550"), ("-5", "5"), ("5%", "5"), ("20€", "20"), ("20€", "$20"), ("20 CHF", "20"), ("$1M", "$1"),
    ("$1M", "$1bn"), ("1,5%", "15%"), ("1 3/4", "13/4"), ("5°", "5"), ("₳5", "5"), ("$-5", "$5"), ("5−3", "5 3"),
    ("5-10", "5 10"), ("10\u00a0000", "10 0"), ("1,000th", "1,000"), ("2½", "21/2"), ("5²", "52"), ("1.05", "1.5"),
    ("the $ fell", "the fell"), ("the % of it", "the of it"), ("50 mm", "50"), ("$0.05", "$0.50"),
    *transcripts_parts.ENGLISH_UNLIKE,
    *transcripts_amounts.ENGLISH_UNLIKE,
]  # fmt: skip
EXACT = {
    "10:15:30": "10 15 30", "between one hundred and two hundred people": "between 100 and 200 people",
    "$150-$250": "150 dollars to 250 dollars", "$150-250": "150 to 250 dollars", "20€": "20 euros",
    "one hundred three point two five": "103.25", "we need 1/3.": "we need 1 third", "₳5": "5 australs",
    "Apple Inc.": "apple incorporated", "he did one more rep.": "he did 1 more rep", "5-year-old": "5 year old",
    "covid-19": "covid 19", "a - b 5": "a b 5", "yes - 5 people": "yes 5 people", "C++ 5": "c plus plus 5",
    "Ke$ha": "ke ha",
    "3 < 5 and 7 > 2": "3 less than 5 and 7 greater than 2", "12-34-56": "12 34 56", "$100s": "100 dollars s",
    "World War two nineteen forty five": "world war 2 1945", "May five nineteen fifteen": "may fifth 1915",
}  # fmt: skip


def modellab_en(raw: str) -> str:
    return text.get("modellab_en")(raw)


@pytest.mark.parametrize(("written", "spoken"), ALIKE)
def test_what_is_said_alike_is_written_alike(written: str, spoken: str) -> None:
    once = modellab_en(written)
    assert once == modellab_en(spoken)
    assert modellab_en(once) == once


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_what_is_said_differently_is_written_differently(one: str, other: str) -> None:
    assert modellab_en(one) != modellab_en(other)


@pytest.mark.parametrize("raw", EXACT)
def test_what_becomes_of_it(raw: str) -> None:
    assert modellab_en(raw) == EXACT[raw]


LONG = [
    "<",
    "9",
    "$",
    "one ",
    "(",
    "'",
    "  ",
    "9,",
    "9.",
    "½",
    "1.2.",
    "5–",
    "and a half ",
    "one point ",
    "-",
    "a.",
    "[5",
]


@pytest.mark.parametrize("piece", LONG)
def test_what_is_absurdly_long_ends_and_no_figure_is_lost(piece: str) -> None:
    raw = (piece * 20_000)[:20_000]
    assert modellab_en(raw).count("9") == raw.count("9")


def test_a_number_of_thousands_of_figures_is_read_one_by_one() -> None:
    for figure in ("9" * 5000, "9" * 5000 + "000"):
        assert modellab_en(f"say {figure} now").split() == ["say", *figure, "now"]
    assert modellab_en(f"${'9' * 5000}").endswith("9 9 dollars")
    assert modellab_en(f"0.{'3' * 5000} percent") == f"0.{'3' * 5000} percent"
