"""Which models are tried, and the fixture `subject`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modellab import tasks
from modellab.contract.option import CHOSEN
from modellab.contract.options import Chosen
from modellab.contract.subject import OF_TEXT, Subject
from modellab.errors import ModellabError
from modellab.system import escape

THREADS = 1


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once for every model in every task, grouped by model."""
    if "subject" not in metafunc.fixturenames:
        return
    every = metafunc.config.stash[CHOSEN]
    text = metafunc.function.__name__ == "test_any_text_gives_an_answer_of_the_tasks_type"
    sound = "sound" in metafunc.fixturenames or metafunc.function.__name__ in OF_SOUND
    fitting = [one for one in every if not (text and one[0] not in OF_TEXT) and not (sound and one[0] in OF_TEXT)]
    metafunc.parametrize("subject", fitting, ids=[_id(one) for one in fitting], indirect=True, scope="session")


OF_SOUND = (
    "test_ten_minutes_give_an_answer",
    "test_two_channels_are_heard_as_their_mean",
    "test_times_are_in_order_and_inside_the_sound",
)


def _id(chosen: Chosen) -> str:
    task, instance = chosen
    key = instance.key
    return f"{key.model}:{key.variant}-{task}-{key.device}-{key.precision}"


@pytest.fixture(scope="session")
def sounds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sounds are written."""
    return tmp_path_factory.mktemp("sounds")


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest, sounds_folder: Path) -> Iterator[Subject]:
    """The model, loaded for all tests of one task."""
    task, instance = request.param
    try:
        made = Subject.of(tasks.get(task), instance, sounds_folder, THREADS)
    except ModellabError as error:
        pytest.fail(escape.lines(str(error)), pytrace=False)
    yield made
    made.loaded.handle.close()
