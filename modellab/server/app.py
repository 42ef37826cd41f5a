"""The application: its routes put together, its errors in one shape, its models ended with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocket

import modellab
from modellab.errors import sentence
from modellab.plan.matrix import Matrix
from modellab.plan.settings import Project
from modellab.server import auth, facts, openai_api, pages
from modellab.server.access import people
from modellab.server.access.guard import Guard
from modellab.server.database import Database
from modellab.server.document import complete
from modellab.server.edge import Edge
from modellab.server.errors import ApiError, NothingNewError, of
from modellab.server.fleet.calls import GONE
from modellab.server.fleet.fleet import Fleet
from modellab.server.jobs import api as jobs_api
from modellab.server.jobs import going_on
from modellab.server.jobs.room import Room
from modellab.server.listening import api as listening_api
from modellab.server.listening.making import Maker
from modellab.server.live import sockets
from modellab.server.live.streams import Streams
from modellab.server.pages import frozen
from modellab.server.pages import refused as refused_pages
from modellab.server.probe import Probe
from modellab.server.results import api as results_api
from modellab.server.results import decisions
from modellab.server.results.decisions import Remembered
from modellab.server.results.index import Index
from modellab.server.storage import api as storage_api
from modellab.server.storage import share_api
from modellab.server.storage.blobs import Blobs
from modellab.server.storage.drawing import Drawing
from modellab.server.storage.shares import Shares
from modellab.server.storage.sweeping import sweeping
from modellab.server.uploads import Uploads
from modellab.system import leftovers

LOG = logging.getLogger("modellab.server")
CODES = {404: "not_found", 405: "method_not_allowed"}


def opened(project: Project) -> tuple[Database, Guard]:
    """The server's database, and who finds out who asks; ConfigError for a server that would ask no stranger."""
    database = Database(project.serve.database, project.root / project.serve.folder)
    guard = Guard(project.serve, database)
    project.serve.check(guard.is_anybody_known())
    return database, guard


def application(project: Project, database: Database, guard: Guard, streams: Streams) -> Edge:
    """What uvicorn serves, for the models of a project."""
    folder, matrix = project.root / project.serve.folder, Matrix(project)
    blobs, long_probe = Blobs(project.serve, folder, database), Probe(storage_api.PROBE_S)
    fleet, probe = Fleet(matrix, project.serve, project.threads), Probe()
    leftovers.sweep()
    spool = leftovers.Folder("serve")
    uploads = Uploads(spool.path, probe, project.serve.max_audio_s)
    measured, index = facts.Measured(fleet, streams), Index(database, project)
    shares = Shares(blobs, Drawing(index, blobs))
    ending = threading.Event()
    room = Room(project, database, fleet, long_probe, blobs, ending)
    remembered, maker = Remembered(index), Maker(index, blobs)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        room.start()
        try:
            index.start()
            async with sweeping(blobs, shares):
                yield
        finally:  # uvicorn has answered what was begun, or its patience is over
            await anyio.to_thread.run_sync(room.stop)
            await anyio.to_thread.run_sync(fleet.close)
            await anyio.to_thread.run_sync(probe.close)
            spool.close()
            await anyio.to_thread.run_sync(index.close)
            await anyio.to_thread.run_sync(long_probe.close)
            blobs.close()
            database.close()

    app = FastAPI(
        title="modellab", version=modellab.__version__, lifespan=life, docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.include_router(openai_api.router(fleet, uploads))  # first, since each router before it is looked through
    app.include_router(people.router(guard))
    app.include_router(facts.router(fleet, measured))
    app.include_router(sockets.router(fleet, project.serve, streams, guard, spool.path))
    app.include_router(results_api.router(index, partial(going_on.live, room.jobs, project.mlruns)))
    app.include_router(decisions.router(index, remembered))
    app.include_router(storage_api.router(blobs, long_probe))
    app.include_router(jobs_api.router(room))
    app.include_router(share_api.router(shares, frozen.frozen))
    app.include_router(listening_api.router(maker))
    app.include_router(pages.router(guard, fleet, matrix, measured, index, remembered, room, maker, shares))
    _errors(app)
    auth.check_declared(app)
    complete.install(app)
    return Edge(app, project.serve, guard, measured.answered, ending)


def _errors(app: FastAPI) -> None:
    """Every error as OpenAI's clients read it, and as a page for people."""

    @app.exception_handler(ApiError)
    async def api_error(asked: Request | WebSocket, error: ApiError) -> Response:
        answer = refused_pages.answer(error, asked)
        if isinstance(asked, WebSocket):  # it is none yet: whoever opened one tells its errors there
            await asked.send_denial_response(answer)
        return answer

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        code = CODES.get(error.status_code, "invalid_request")
        return await api_error(_, ApiError(error.status_code, code, str(error.detail)))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return await api_error(_, ApiError(400, "invalid_value", _field_message(first), str(first["loc"][-1])))

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, __: Exception) -> Response:
        """Whoever left before the whole body was here reads no answer: for the counts alone."""
        return Response(status_code=GONE)

    @app.exception_handler(NothingNewError)
    async def over(_: Request, __: Exception) -> Response:
        return Response(status_code=204)

    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(OSError)
    async def no_room(_: Request, error: Exception) -> Response:
        """The database does not answer, the disk is full: no fault of ours, and no traceback."""
        if (answer := of(error)).status == 500:
            LOG.exception("a request failed", exc_info=error)
        else:
            LOG.warning("%s: %s", answer.code, sentence(error))
        return await api_error(_, answer)

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        return await api_error(_, of(error))


def _field_message(problem: Mapping[str, Any]) -> str:
    """What is wrong with a field, under its name; what came may be a secret and is not told."""
    name = ".".join(str(part) for part in problem["loc"][1:])
    if not name or problem["type"] == "json_invalid":
        return str(problem["msg"])
    if problem["type"] == "string_too_short" and problem["ctx"]["min_length"] == 1:
        return f"{name} is empty"
    return f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
