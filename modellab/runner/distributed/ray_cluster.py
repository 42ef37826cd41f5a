"""How a Ray cluster is reached, and how one is started that is for this run alone.

    auto           the cluster that this machine belongs to, else a new one
    new            one that is started here, on loopback, and ends with the run
    ray://HOST:10001   a cluster by its client port; HOST:6379 by its head's, from a machine that belongs to it

A cluster is remote execution for whoever reaches its ports. One that is started here listens on loopback alone, demands
a token that lies in a folder of the run's own, and writes nowhere else. For another one the environment says how it is
reached (RAY_AUTH_MODE, RAY_AUTH_TOKEN_PATH). Ray's usage statistics are off in this process and in all that it starts.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.system import leftovers

AUTO, NEW = "auto", "new"
LOOPBACK = "127.0.0.1"
AS_OTHERS = {"RAY_worker_niceness": "0"}  # Ray's own 15 leaves its workers next to nothing where others compute
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}  # before Ray is imported, and in each process that it starts
TOKEN = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_TOKEN")
CURRENT = Path("/tmp/ray/ray_current_cluster")  # noqa: S108 - where Ray itself writes the address of this machine's cluster
LOOK_S = 2.0
MOST_SOCKET_PATH = 107  # bytes, on Linux
OF_A_SESSION = len("/session_2026-11-29_15-30-41_066362_4194304/sockets/plasma_store.1")
REFUSED = ("token", "unauthenticated", "failed to connect to ray cluster", "client connection timeout")
HINT = "set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to the file that its head has"


class Connection:
    """One connection to a cluster; `close` ends it, and the cluster where it was started for it."""

    def __init__(self, address: str, cpus: int | None = None) -> None:
        """`cpus` for a new one: as many as there are to be workers. ConfigError for one that cannot be used."""
        self.folder: leftovers.Folder | None = None
        self._before: dict[str, str | None] = {}
        self.ray: Any = None
        os.environ |= QUIET
        try:
            self._open(address, cpus)
            _check_quiet()
        except ConfigError:
            self.close()
            raise
        except Exception as error:  # Ray raises whatever it likes here, bare `Exception` among it
            self.close()
            raise ConfigError(f"the Ray cluster {address} cannot be used: {cause(error)}") from error

    def close(self) -> None:
        """Let go of it. The environment is what it was before."""
        if self.ray is not None:
            self.ray.shutdown()
            self.ray = None
        if self.folder is not None:
            self.folder.close()
            self.folder = None
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if self._before:
            _read_anew()
        self._before = {}

    def _open(self, address: str, cpus: int | None) -> None:
        import ray

        self.ray = ray
        if address == NEW or (address == AUTO and not os.environ.get("RAY_ADDRESS") and not is_there()):
            self._here(cpus)
        else:
            _check_reachable(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)

    def _here(self, cpus: int | None) -> None:
        """A cluster of this machine alone."""
        self.folder = leftovers.Folder("ray")
        if len(str(self.folder.path)) + OF_A_SESSION > MOST_SOCKET_PATH:
            self.folder.close()
            self.folder = leftovers.Folder("ray", below=Path("/tmp"))  # noqa: S108 - private, and short enough
        token = self.folder.path / "token"
        descriptor = os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_hex(32).encode())
        os.close(descriptor)
        self._set({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_AUTH_TOKEN": None} | AS_OTHERS)
        with on_loopback() as init:
            init(
                address="local", num_cpus=cpus, include_dashboard=False, log_to_driver=False,
                logging_level=logging.ERROR, _node_ip_address=LOOPBACK, _temp_dir=str(self.folder.path / "r"),
            )  # fmt: skip
        if (listens := self.ray.util.get_node_ip_address()) != LOOPBACK:
            raise ConfigError(f"Ray listens on {listens}, where others may reach it, and should on {LOOPBACK} alone")

    def _set(self, values: Mapping[str, str | None]) -> None:
        self._before = {name: os.environ.get(name) for name in values}
        for name, value in values.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _read_anew()


@contextmanager
def on_loopback() -> Iterator[Callable[..., Any]]:
    """`ray.init`, which takes another address in place of loopback, unless told that no other machine joins."""
    import ray
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield ray.init
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _read_anew() -> None:
    """Have Ray look at the environment, which it has read when it was imported, and for its token."""
    from ray import _raylet

    _raylet.Config.initialize("")
    _raylet.AuthenticationTokenLoader.instance().reset_cache()


def is_drained() -> bool:
    """Whether Ray takes the node of this process away, with notice: it got SIGTERM, or a preemption was announced."""
    import ray
    from ray._private.state import state

    try:
        return ray.get_runtime_context().get_node_id() in state.get_draining_nodes()
    except Exception:  # noqa: BLE001 - a head that does not answer in time raises one of many: it is asked again
        return False


def is_there() -> bool:
    """Whether this machine belongs to a cluster that answers: what a killed one has written stays."""
    try:
        return _answers(CURRENT.read_text().strip())
    except OSError:
        return False


def cause(error: BaseException) -> str:
    """What went wrong, in one sentence, and what a person should look at. Something answered there before Ray tried."""
    text = " ".join(str(error).split()) or type(error).__name__
    if any(word in text.lower() for word in REFUSED):
        return f"something answers there and does not let this process in: its token was refused, or is missing; {HINT}"
    return f"{text[:200]}; is it running, and reachable from here?"


def _check_reachable(address: str) -> None:
    """Ray itself tries for half a minute, and then ends the process in some cases."""
    host = address.removeprefix("ray://")
    if address != AUTO and not _answers(host):
        raise ConnectionError(f"nothing answers at {host}")


def _answers(address: str) -> bool:
    """Whether something listens at HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), LOOK_S).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _check_quiet() -> None:
    from ray._common.usage import usage_lib

    if usage_lib.usage_stats_enabled():
        raise ConfigError("Ray would send usage statistics although RAY_USAGE_STATS_ENABLED is 0: another version?")
