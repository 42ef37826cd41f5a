"""How the server is: `/health`, `/ready`, `/stats`, and `/metrics` for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

import modellab
from modellab.server.auth import needs, open_to_all
from modellab.server.fleet.fleet import Fleet
from modellab.server.live.streams import Streams

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class Measured:
    """What is counted over the life of the server."""

    def __init__(self, fleet: Fleet, streams: Streams) -> None:
        self.fleet, self.streams, self.begun = fleet, streams, time.time()
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "modellab_requests", "Requests by path and status", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "modellab_request_seconds", "Time to answer", ["path"], buckets=BUCKETS_S, registry=self.registry
        )
        self.registry.register(self)

    def answered(self, path: str, status: int, spent_s: float) -> None:
        """A request was answered."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(spent_s)

    def collect(self) -> Iterator[Metric]:
        """The models' gauges, as they are now: prometheus_client asks for them."""
        gauges = {
            "waiting": "Requests that wait for a model",
            "running": "Requests that a model is at",
            "streams": "Streams that a model holds itself",
            "restarts": "Processes that were lost",
            "resident_bytes": "Resident memory of a model's processes",
        }
        stats = self.fleet.stats()
        for name, description in gauges.items():
            family = GaugeMetricFamily(f"modellab_model_{name}", description, labels=["model"])
            for model, facts in stats.items():
                family.add_metric([model], float(facts[name]))
            yield family
        now = self.streams.stats()
        yield GaugeMetricFamily("modellab_streams_live", "Live streams that are open", value=now["live"])
        yield CounterMetricFamily("modellab_streams_opened", "Live streams that were opened", value=now["opened"])
        yield CounterMetricFamily("modellab_streams_refused", "Live streams without room", value=now["refused"])


def router(fleet: Fleet, measured: Measured) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["server"])

    @routes.get("/health", dependencies=[Depends(open_to_all)])
    async def health() -> Response:
        """Whether the server takes requests: 503 once it is about to end."""
        state = {"status": "draining" if fleet.is_draining else "ok", "version": modellab.__version__}
        return JSONResponse(state, 503 if fleet.is_draining else 200)

    @routes.get("/ready", dependencies=[Depends(open_to_all)])
    async def ready() -> Response:
        """Whether every model that is to be there from the beginning is loaded."""
        states = {served.name: served.state for served in fleet if served.is_preloaded}
        are_there = all(state in ("ready", "busy") for state in states.values()) and not fleet.is_draining
        return JSONResponse({"ready": are_there, "models": states}, 200 if are_there else 503)

    @routes.get("/stats", dependencies=[Depends(needs("read"))])
    async def stats() -> dict[str, Any]:
        """How each model is that anybody has asked for: queue, processes, memory; and how many live streams."""
        uptime_s = round(time.time() - measured.begun, 1)
        return {"uptime_s": uptime_s, "models": fleet.stats(), "streams": measured.streams.stats()}

    @routes.get("/metrics", dependencies=[Depends(needs("read"))])
    async def metrics() -> Response:
        """The same and all counts, as Prometheus reads them."""
        return Response(generate_latest(measured.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
