"""Serve the project at ROOT, with settings as JSON over those of the project: `python -m modellab.server ROOT OPTIONS`.

`modellab serve` starts it. SIGTERM and Ctrl-C let what was begun end, then the models' processes go.
"""

from __future__ import annotations

import gc
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn

from modellab.errors import ConfigError, ModellabError, refused
from modellab.plan.serve_settings import Serve
from modellab.plan.settings import Project
from modellab.schema import parse
from modellab.server import app, connections, logs
from modellab.server.errors import ApiError
from modellab.server.live.streams import Streams
from modellab.system import escape

BACKLOG = 512  # connections that wait to be taken


FRAME_BYTES = 2**20  # of a WebSocket's message


class Server(uvicorn.Server):
    """uvicorn's server, which lets live streams and events say their last words before it closes what is open.

    A signal that it was told to end by is no failure.
    """

    def __init__(self, config: uvicorn.Config, streams: Streams, ending: threading.Event, drain_s: float) -> None:
        super().__init__(config)
        self.streams, self.ending, self.drain_s = streams, ending, drain_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, let streams end, then the rest."""
        for server in self.servers:
            server.close()
        self.ending.set()
        await self.streams.end(0.0 if self.force_exit else self.drain_s)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End gracefully at the first signal, at once at the second."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield


def listening(settings: Serve) -> socket.socket:
    """The socket that requests come to; ConfigError where the address is not to be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        door = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot listen on {settings.host}, port {settings.port}: {reason}") from error
    # Those that are accepted have it from this one; asyncio sets it for sockets of its own alone. Without it the body
    # of an answer waits until the client has acknowledged its head, which many clients do 40 ms later.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def address(door: socket.socket) -> str:
    """HOST:PORT of a socket, as an address has them."""
    host, port = door.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def main(root: str, options: str) -> int:
    """Serve until told to end; 2 for settings that cannot be."""
    try:
        project = Project.at(Path(root))
        given = {**project.serve.model_dump(exclude_unset=True), **json.loads(options)}
        project = replace(project, serve=parse(Serve, project.root / "pyproject.toml", given))
        database, guard = app.opened(project)
        connections.allow_files(project.serve.max_connections)
        door = listening(project.serve)
        streams = Streams(project.serve.max_streams * project.serve.replicas)
        application = app.application(project, database, guard, streams)
    except (ModellabError, ApiError) as error:
        sys.stderr.write(f"modellab: {escape.lines(str(error))}\n")
        return 2
    except OSError as error:  # a folder that may not be read or written, a full disk
        sys.stderr.write(f"modellab: {escape.lines(refused(error, "the server's folder"))}\n")
        return 2
    settings = project.serve
    config = uvicorn.Config(
        application,
        ws_max_size=FRAME_BYTES,
        ws_per_message_deflate=False,
        http=connections.protocol(settings),
        **connections.trusted(settings.proxies),
        timeout_graceful_shutdown=round(settings.drain_s),
        server_header=False,
        log_config=logs.config(),
        log_level="warning",
        access_log=False,
    )
    gc.collect()
    gc.freeze()  # what is there now stays: to go through it again and again would keep requests waiting
    sys.stderr.write(f"serving on http://{address(door)}/v1 (Ctrl-C ends it)\n")
    sys.stderr.flush()
    Server(config, streams, application.ending, settings.drain_s).run(sockets=[door])
    return 0
