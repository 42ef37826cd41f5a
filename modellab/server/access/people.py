"""All routes about people: `api.py`, `own.py`, `login.py` and, where the settings name an issuer, `oidc.py`."""

from __future__ import annotations

from fastapi import APIRouter

from modellab.server.access import api, login, own
from modellab.server.access.guard import Guard


def router(guard: Guard) -> APIRouter:
    """The routes; ConfigError for an issuer whose settings are not whole."""
    routes, tries = APIRouter(), login.Tries()
    routes.include_router(api.router(guard))
    routes.include_router(own.router(guard, tries))
    routes.include_router(login.router(guard, tries))
    if guard.settings.oidc is not None:
        from modellab.server.access import issuer, oidc

        routes.include_router(oidc.router(guard, issuer.Issuer(guard.settings.oidc)))
    return routes
