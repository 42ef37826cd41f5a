"""Texts written for this project: what asr_golden_v1 says, and sentences for clips where the words do not matter."""

from __future__ import annotations

import re


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, without its line breaks.

    >>> sentences("It rose by 7.5 percent. That is\\n much.")
    ['It rose by 7.5 percent.', 'That is much.']
    """
    return re.split(r"(?<=\.) ", " ".join(paragraph.split()))


LANGUAGE_MODELS = sentences("""
    A language model is a program that predicts the next word of a text. It reads everything written so far and
    gives every possible continuation a probability. Choosing one word, adding it to the text and asking again is
    enough to write a sentence, a page or a whole book. Modern models do not work on words but on tokens, which are
    short pieces of text found by counting. A common word is one token, while a rare name may need five or six. Each
    token is turned into a list of numbers called an embedding, and tokens with similar meanings receive similar
    numbers. The heart of the model is a stack of transformer layers. In every layer, an attention mechanism lets
    each position look back at the earlier ones and decide which of them matter. To understand a pronoun, for
    example, the model has to find the person it refers to. Between the attention steps, small neural networks
    transform every position on its own, and this is where most of the parameters are stored. Training needs nothing
    but text and patience. The model guesses a hidden token, compares the guess with the truth, and changes its
    weights a little in the direction that makes the error smaller. After many billions of such steps, it has
    learned grammar, facts, and some ability to reason. What it has not learned is to be helpful, because the
    internet contains many questions that nobody answers. Therefore the training continues with examples of good
    conversations, written or ranked by people. Speech recognition profits from the same ideas. The encoder of a
    speech model listens to the spectrogram, a picture of how much energy there is at every frequency, and the
    decoder writes the transcript one token at a time. Because the decoder is itself a language model, it can guess
    a word that was hidden by a cough or a passing car. This strength is also a weakness. When there is only silence
    or noise, the decoder may invent a polite sentence that nobody said, and it may repeat that sentence again and
    again. A good evaluation therefore looks at more than the average error. It counts substitutions, insertions and
    deletions, checks whether the transcript is much longer than the reference, and compares every new version with
    the last one that was accepted. Only then can we say that a model has really become better.
""")

NUMBERS = sentences("""
    The order was placed on March 14, 2023, and paid on April 2. It contained 250 microphones at 39 dollars each,
    which makes 9,750 dollars. Shipping took 12 days and cost 185 dollars. In 2019 the company had 48 employees, and
    in 2024 it had 1,300. Sales rose by 7.5 percent, from 64 million to 68.8 million euros. The room measures 6.25
    meters by 4 meters, and the temperature was 21 degrees. Please call the office before December 31 and ask for
    room 407. About 90 percent of the 600 calls were answered within 15 seconds.
""")
# the same sentences, as a voice that misreads figures is to say them
NUMBERS_SPOKEN = sentences("""
    The order was placed on March fourteenth, twenty twenty three, and paid on April second. It contained two
    hundred and fifty microphones at thirty nine dollars each, which makes nine thousand seven hundred and fifty
    dollars. Shipping took twelve days and cost one hundred and eighty five dollars. In twenty nineteen the company
    had forty eight employees, and in twenty twenty four it had one thousand three hundred. Sales rose by seven
    point five percent, from sixty four million to sixty eight point eight million euros. The room measures six
    point two five meters by four meters, and the temperature was twenty one degrees. Please call the office before
    December thirty first and ask for room four hundred and seven. About ninety percent of the six hundred calls
    were answered within fifteen seconds.
""")

NOISY = sentences("""
    Good morning, and thank you for coming on such a rainy day. The train to the coast leaves from the other
    platform, so please use the bridge. There is a small kitchen behind the stairs where you can find coffee, tea
    and fresh fruit. We will begin with a short walk through the garden before the doors are opened. If you hear the
    bell, leave the building by the nearest exit and wait near the gate. The museum closes at sunset, but the
    library stays open until the last visitor has gone home.
""")

STOCK = [
    "The old bridge was closed for the winter",
    "She wrote the address on the back of the letter",
    "A warm wind came over the hills in the evening",
    "He waited at the corner until the lights changed",
    "The baker opens the shop long before sunrise",
    "Nobody could remember where the key was kept",
    "They painted the fence a pale shade of green",
    "The river is too cold for swimming in spring",
    "Every seat in the small theatre was taken",
    "My sister plays the violin better than I do",
    "The storm broke two windows on the upper floor",
    "We found the lost dog asleep behind the barn",
    "The captain ordered the crew to lower the sails",
    "Fresh bread and soup were waiting on the table",
    "The teacher drew a large circle on the board",
    "It took them an hour to push the car uphill",
]
