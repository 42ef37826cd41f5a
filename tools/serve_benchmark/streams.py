"""How long after the end of speech the last words of live streams come, with several of them at once.

    python -m tools.serve_benchmark.streams http://127.0.0.1:8000 faster_whisper:lab CLIP 2 8

Every stream sends the clip in real time, a tenth of a second at a time, each beginning a little after the one before as
people do; `final_s` is the time from when the last piece was sent and committed to `completed`. `measure` is for other
programs, such as the benchmark of the server: it takes an address and gives numbers.
"""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from modellab import audio
from modellab.audio.writing import pcm16

RATE_HZ = 16_000
PIECE_S = 0.1
APART_S = 0.13  # between the beginnings of two streams
DONE = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
DELTA = "conversation.item.input_audio_transcription.delta"


@dataclass(frozen=True, slots=True)
class Latency:
    """Of all rounds of so many streams at once, in s: from the end of the audio to the last words; to the first ones
    from the beginning, means over streams."""

    streams: int
    rounds: int
    final_median_s: float
    final_p95_s: float
    final_max_s: float
    first_words_s: float
    texts: tuple[str, ...]  # that were said, each once


def measure(address: str, model: str, clip: Path, streams: int, rounds: int = 2, token: str = "") -> Latency:
    """The latency of a server's live streams; RuntimeError where it fails or refuses one."""
    data = pcm16(audio.read(clip, RATE_HZ).samples).tobytes()
    url = f"{address.rstrip('/').replace('http', 'ws', 1)}/v1/realtime?intent=transcription&model={model}"
    latencies: list[tuple[float, float, str]] = []
    for _ in range(rounds):
        latencies += asyncio.run(_together(url, data, streams, token))
    finals = sorted(stream[0] for stream in latencies)
    return Latency(
        streams,
        rounds,
        statistics.median(finals),
        finals[max(0, round(0.95 * len(finals)) - 1)],
        finals[-1],
        statistics.fmean(stream[1] for stream in latencies),
        tuple(sorted({stream[2] for stream in latencies})),
    )


async def _together(url: str, data: bytes, streams: int, token: str) -> list[tuple[float, float, str]]:
    headers = {"Authorization": f"Bearer {token}"}
    begun = time.perf_counter()

    async def one(number: int) -> tuple[float, float, str]:
        async with connect(url, additional_headers=headers, max_size=None, compression=None) as socket:
            try:
                await _set_up(socket)
            except ConnectionClosed as error:  # before its reason was read, which its close has too
                raise RuntimeError(f"the server refuses the stream: {error}") from error
            await asyncio.sleep(max(0.0, begun + 1.0 + APART_S * number - time.perf_counter()))
            return await _stream(socket, data)

    return list(await asyncio.gather(*map(one, range(streams))))


async def _set_up(socket: ClientConnection) -> None:
    heard = {"format": {"type": "audio/pcm", "rate": RATE_HZ}, "turn_detection": None}
    await socket.send(json.dumps({"type": "session.update", "session": {"audio": {"input": heard}}}))
    while (event := await _next(socket))["type"] != "session.updated":
        if event["type"] == "error":
            raise RuntimeError(f"the server refuses the stream: {event['error']['message']}")


async def _stream(socket: ClientConnection, data: bytes) -> tuple[float, float, str]:
    """(from the end to the last words, from the beginning to the first, the text) of one stream."""
    listening = asyncio.create_task(_listen(socket))
    begun = time.perf_counter()
    size = 2 * round(PIECE_S * RATE_HZ)
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        await asyncio.sleep(max(0.0, begun + (at + len(piece)) / 2 / RATE_HZ - time.perf_counter()))
        event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}
        await socket.send(json.dumps(event))
    await socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
    ended = time.perf_counter()
    first, last, text = await listening
    return last - ended, first - begun, text


async def _listen(socket: ClientConnection) -> tuple[float, float, str]:
    """When the first and the last words came, by this process's clock, and the transcript."""
    first = 0.0
    while (event := await _next(socket))["type"] != DONE:
        if event["type"] == FAILED or event["type"] == "error":
            raise RuntimeError(f"a stream failed: {event['error']['message']}")
        if event["type"] == DELTA and not first:
            first = time.perf_counter()
    now = time.perf_counter()
    return first or now, now, str(event["transcript"])


async def _next(socket: ClientConnection) -> dict[str, Any]:
    return dict(json.loads(await socket.recv()))


def main(address: str, model: str, clip: str, *counts: str) -> None:
    """Print the latency for each number of streams, as JSON lines."""
    for count in counts:
        print(json.dumps(asdict(measure(address, model, Path(clip), int(count)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
