"""Which environment variables a worker gets."""

from __future__ import annotations

import pytest

from modellab.datasets import privacy
from modellab.runner.worker_environment import for_fetching, passed


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"),
        *("HF_HOME", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "CT2_FORCE_CPU_ISA", "XDG_CACHE_HOME"),
        *("MODELLAB_CACHE", "MALLOC_ARENA_MAX", "TOKENIZERS_PARALLELISM", "HF_HUB_OFFLINE", "TORCH_HOME"),
    ],
)
def test_what_engines_need_passes(name: str) -> None:
    assert passed(environment={name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    "name",
    [
        *("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_URI", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HF_TOKEN"),
        *("MODELLAB_API_KEY", "PYANNOTE_AUTH_TOKEN", "PYTHON_KEYRING_TOKEN", "DATABASE_URL", "SSH_AUTH_SOCK"),
        *("GITHUB_EVENT_PATH", "https_proxy", "ANYTHING"),
    ],
)
def test_everything_else_stays(name: str) -> None:
    assert passed(environment={name: "x"}) == {}


def test_a_model_may_name_more() -> None:
    there = {"MY_SERVER": "s", "MY_TOKEN": "t", "OUR_KEY": "k", "OTHER": "o"}
    assert passed(["MY_*", "OUR_KEY"], there) == {"MY_SERVER": "s", "OUR_KEY": "k"}


def test_fetching_may_see_the_hubs_token_and_the_proxy() -> None:
    there = {"HF_TOKEN": "t", "https_proxy": "p", "GITHUB_TOKEN": "g"}
    assert for_fetching(there) == {"HF_TOKEN": "t", "https_proxy": "p"}


def test_no_model_gets_the_secret_of_private_datasets() -> None:
    """Though its name begins like those that pass."""
    given = {privacy.VARIABLE: "31" * 32, "MODELLAB_CACHE": "/cache"}
    assert passed((), given) == {"MODELLAB_CACHE": "/cache"}
    assert for_fetching(given) == {}
