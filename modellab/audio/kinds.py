"""What a file is, by its first bytes: its name is never asked, and nothing that names other files is opened.

FFmpeg reads playlists, concat scripts and session descriptions as if they were recordings, by opening what they name:
a file of this machine, or a host. Here only the demuxers of `DEMUXERS` are let in, each of which reads its own bytes.
"""

from __future__ import annotations

import re
from pathlib import Path

from modellab.errors import AudioError

HEAD_BYTES = 65_536
LISTS = (  # what begins like this names other files or hosts
    (re.compile(rb"#EXTM3U"), "a playlist (M3U)"),
    (re.compile(rb"ffconcat\s+version"), "a concat script of FFmpeg"),
    (re.compile(rb"(?:file|ffconcat|stream|directive)\s+\S+[^\n]*\n"), "a concat script of FFmpeg"),
    (re.compile(rb"\[playlist\]|\[Reference\]", re.IGNORECASE), "a playlist (PLS)"),
    (re.compile(rb"v=0\s*\r?\n[a-z]="), "a session description (SDP)"),
    (
        re.compile(rb"(?:<\?xml.*?)?<(?:MPD|smil|asx|playlist|SmoothStreamingMedia)\b", re.DOTALL | re.IGNORECASE),
        "a playlist (XML)",
    ),
    (re.compile(rb"(?:https?|rtsp|rtmp|mms|file|ftp)://", re.IGNORECASE), "a list of addresses"),
    (re.compile(rb"RTSPtext", re.IGNORECASE), "a list of addresses"),
)
MAGIC: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), demuxer)
    for pattern, demuxer in (
        (rb"(?:RIFF|RIFX|RF64|BW64)....WAVE", "wav"),
        (rb"riff\x2e\x91\xcf\x11", "w64"),
        (rb"RIFF....AVI ", "avi"),
        (rb"fLaC", "flac"),
        (rb"OggS", "ogg"),
        (rb"\x1aE\xdf\xa3", "matroska"),
        (rb"....(?:ftyp|moov|mdat|wide|pnot|skip|free)", "mov"),
        (rb"FORM....AIF[FC]", "aiff"),
        (rb"\.snd", "au"),
        (rb"caff\x00", "caf"),
        (rb"#!AMR", "amr"),
        (rb"FLV\x01", "flv"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
        (rb"\x00\x00\x01\xba", "mpeg"),
        (rb"wvPk", "wv"),
        (rb"TTA1", "tta"),
        (rb"MAC ", "ape"),
        (rb"\.RMF", "rm"),
        (rb"NIST_1A", "nistsphere"),
        (rb"Creative Voice File", "voc"),
    )
)  # fmt: skip
# Demuxers of FFmpeg for sound and for pictures with sound; each reads the bytes of its own file only.
DEMUXERS = (
    "aac,ac3,ac4,adp,aiff,amr,amrnb,amrwb,ape,apc,aptx,asf,au,avi,bonk,caf,codec2,dsf,dss,dts,dtshd,dv,eac3,flac,"
    "flv,g723_1,g729,gsm,gxf,ilbc,ircam,iff,lc3,loas,matroska,webm,mlp,mmf,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,"
    "mpeg,mpegts,mxf,nistsphere,nsv,nut,oga,ogg,oma,osq,paf,pvf,qcp,qoa,rm,rso,sbc,sds,shn,smjpeg,sol,sox,tak,tta,"
    "truehd,voc,w64,wav,wavarc,wtv,wv,wve,xa,xwma"
)
WITHOUT_A_HEADER = {"aac", "ac3", "ac4", "dts", "dtshd", "eac3", "loas", "mp3", "mpegts", "amr", "g729", "gsm", "mlp",
                    "truehd", "sbc", "aptx"}  # fmt: skip  # one may begin anywhere; lengths are estimates
TIMED = {
    "mov",
    "matroska",
    "mpegts",
    "mpeg",
    "flv",
    "asf",
    "nut",
    "mxf",
    "rm",
    "avi",
    "ogg",
}  # each packet says when it is


def head(path: Path) -> bytes:
    """The first bytes of a file, after an ID3v2 tag where there is one."""
    with path.open("rb") as file:
        first = file.read(HEAD_BYTES)
        if first[:3] != b"ID3" or len(first) < 10:
            return first
        file.seek(10 + sum((byte & 0x7F) << shift for byte, shift in zip(first[6:10], (21, 14, 7, 0), strict=True)))
        return file.read(HEAD_BYTES)


def refuse_lists(path: Path, first: bytes) -> None:
    """AudioError for a file that names other files instead of holding sound."""
    text = first[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, what in LISTS:
        if pattern.match(text):
            raise AudioError(
                f"{path} is {what}, which names other files: none of them is opened, expected a file that holds sound"
            )


def demuxer(first: bytes) -> str:
    """FFmpeg's name of the format that begins like this; '' where the first bytes do not decide."""
    return next((name for pattern, name in MAGIC if pattern.match(first)), "")


def is_mpeg_audio(first: bytes) -> bool:
    """Whether a frame of MP3 (MPEG layer I to III) begins here; raw AAC has layer 0."""
    return len(first) > 3 and first[0] == 0xFF and first[1] & 0xE0 == 0xE0 and first[1] & 0x06 != 0
