"""An utterance that is heard again and again as a growing window, where a hypothesis fails."""

from __future__ import annotations

from tests.server.conftest import Server
from tests.server.talking import COMPLETED, FAILED, FAKE, talking, tone, wait_for


def test_what_failed_before_the_end_is_heard_once_more_at_the_end(server: Server) -> None:
    """It was called complete, with no words, where a hypothesis had failed at all of it just before the end."""

    def calls() -> int:
        return int(server.get("/stats")[1]["models"].get(FAKE, {"calls": 0})["calls"])

    before = calls()
    with talking(server) as talk:
        talk.update()
        talk.append(tone(1.3))  # the fake raises
        wait_for(lambda: calls() > before, "no hypothesis was asked for")
        talk.say("input_audio_buffer.commit")
        told = {COMPLETED, FAILED}
        assert next(kind for kind in iter(lambda: talk.hear()["type"], None) if kind in told) == FAILED
