"""The pages that people work in, drawn here and sent whole: one style sheet, small scripts, nothing from elsewhere.

    frame.py    what all pages share: templates, their policy, the files beside them
    frozen.py   a page as it is now, to be shared
    refused.py  what a browser shows of a refusal
    start.py    `/`: the last run, and a model tried with a recording, the microphone or a text
    ledger.py   `/runs`, `/results`: what the ledger holds, from its index
    going_on.py `/runs` of jobs that are not over, and of those that the ledger has nothing of
    export.py   `/results.csv`, `/results.json`: those that fit a filter, as a file
    workbench.py    `/workbench`: choose what to measure, start it, watch it, accept what came of it
    board.py    `/leaderboard`: systems of a task against each other, and as CSV and JSON
    past.py     `/results/ID/history`: a case over time, and where its level moved
    slices.py   `/slices`: results on a dataset by condition, speaker and groups of people
    comparing.py    `/compare`: results that were ticked, held against each other
    judged.py   `/findings`, `/experiments`: what follows from it, and what was decided
    candidates.py   `/candidates`: the stage of each variant, what it lacks, its evidence and history; moved here
    listening.py  `/listening`, `/listen`: tests with people, and what raters see
    own.py      `/account`, `/shares`: who one is, and what one shows to others
    administration.py  `/admin`: models and queue, tokens, people, what was done

Start reading at `frame.py`.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from modellab.plan.matrix import Matrix
from modellab.server.access.guard import Guard
from modellab.server.facts import Measured
from modellab.server.fleet.fleet import Fleet
from modellab.server.jobs.room import Room
from modellab.server.listening.making import Maker
from modellab.server.pages import (
    administration,
    board,
    candidates,
    comparing,
    export,
    frame,
    going_on,
    judged,
    ledger,
    listening,
    own,
    past,
    slices,
    start,
    workbench,
)
from modellab.server.results.decisions import Remembered
from modellab.server.results.index import Index
from modellab.server.storage.shares import Shares


def router(
    guard: Guard, fleet: Fleet, matrix: Matrix, measured: Measured, index: Index, remembered: Remembered, room: Room,
    maker: Maker, shares: Shares,
) -> APIRouter:  # fmt: skip
    """The routes of all pages."""
    routes = APIRouter(include_in_schema=False)
    leads_on = [Depends(index.warm)]  # to pages that a process of its own draws, which takes seconds to start
    routes.include_router(frame.router())
    routes.include_router(start.router(fleet, matrix, index), dependencies=leads_on)
    routes.include_router(ledger.router(index, matrix, going_on.Jobs(room, index)), dependencies=leads_on)
    routes.include_router(export.router(index))
    routes.include_router(workbench.router(room, index))
    routes.include_router(board.router(index), dependencies=leads_on)
    routes.include_router(past.router(remembered))
    routes.include_router(slices.router(remembered))
    routes.include_router(comparing.router(remembered))
    routes.include_router(judged.router(index, remembered, matrix, maker))
    routes.include_router(candidates.router(remembered))
    routes.include_router(listening.router(maker))
    routes.include_router(own.router(guard, shares))
    routes.include_router(administration.router(guard, fleet, measured))
    return routes
