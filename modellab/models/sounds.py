"""A text in the sounds that voices were trained on: espeak-ng's IPA, with the marks of punctuation kept.

espeak-ng turns one clause at a time into sounds and says where it stopped reading, but not which mark ended the clause.
That is read off the text: what was read last, before the one character that it looks ahead.
"""

from __future__ import annotations

import _ctypes
import ctypes
import re
import sys
import threading
import unicodedata
from collections.abc import Iterator

import espeakng_loader

SYNCHRONOUS, UTF8, IPA = 2, 1, 2  # of speak_lib.h: AUDIO_OUTPUT_SYNCHRONOUS, espeakCHARS_UTF8, espeakPHONEMES_IPA
ENDS_SENTENCE, INSIDE_SENTENCE = ".?!", ",:;"
ALIKE = {
    "…": ";", "—": ";", "–": ";", "。": ".", "！": "!", "？": "?", "，": ",", "、": ",", "；": ";", "：": ":",
    "؟": "?", "،": ",", "؛": ";", "।": ".",
}  # fmt: skip
LANGUAGE = re.compile(r"\([^)]+\)")  # espeak-ng's note that it changed the language, "(en)"
ONE_AT_A_TIME = threading.Lock()  # espeak-ng keeps one state for all threads


def sentences(text: str, voice: str) -> list[str]:
    """The sentences of a text in IPA (decomposed, NFD), without those that have no sound. ValueError for a voice."""
    spoken, now = list[str](), ""
    with ONE_AT_A_TIME:
        clauses = list(_clauses(text, voice))
    for sounds, mark in clauses:
        now += sounds + mark
        if not mark or mark in ENDS_SENTENCE:
            spoken.append(now)
            now = ""
        else:
            now += " "
    return [sentence for sentence in (*spoken, now.rstrip()) if sentence.strip(ENDS_SENTENCE + INSIDE_SENTENCE + " ")]


def _clauses(text: str, voice: str) -> Iterator[tuple[str, str]]:
    """(sounds, mark) of each clause, with a library loaded anew, since it remembers what it read before."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    data = espeakng_loader.get_data_path()
    if (code := library.espeak_Initialize(SYNCHRONOUS, 0, data.encode(), 0)) <= 0:
        raise OSError(f"espeak-ng did not start (code {code}); are its data at {data}?")
    try:
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}: a voice was trained on another one's sounds?")
        buffer = ctypes.create_string_buffer(text.replace("\0", " ").encode())
        base, start = ctypes.addressof(buffer), 0
        place = ctypes.c_void_p(base)
        while place.value is not None:
            sounds = library.espeak_TextToPhonemes(ctypes.byref(place), UTF8, IPA)
            end = len(buffer.raw) - 1 if place.value is None else place.value - base
            read, more = buffer.raw[start:end].decode(errors="ignore"), place.value is not None
            start = end
            yield unicodedata.normalize("NFD", LANGUAGE.sub("", sounds.decode())), mark_of(read, more=more)
    finally:
        library.espeak_Terminate()
        _unload(library)


def mark_of(read: str, *, more: bool) -> str:
    """The mark that ended a clause, '' for a paragraph's end; with `more` the last character is the next one's.

    >>> mark_of("orld. T", more=True), mark_of("hat?! (", more=True), mark_of("Wait... w", more=True)
    ('.', '?', ';')
    >>> mark_of("the end", more=False), mark_of("one\\n\\nt", more=True)
    ('', '')
    """
    own = read[:-1] if more else read
    tail = re.split(r"\w", own.replace("...", "…"))[-1]
    marks = [ALIKE.get(mark, mark) for mark in tail]
    return next((mark for mark in marks if mark in ENDS_SENTENCE + INSIDE_SENTENCE), "")


def _unload(library: ctypes.CDLL) -> None:
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)
