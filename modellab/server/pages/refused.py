"""A refusal: JSON for programs, for a browser a page that says what came, what was expected and what to do."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from modellab.server import auth
from modellab.server.errors import ApiError
from modellab.server.pages import frame

PROGRAMS = ("/v1/", "/api/")  # these answer JSON, whoever asks
NOT_SIGNED_IN = ("/login", "/s/", "/listen/")  # places of people without an account, or who are about to sign in
TITLES = {
    400: "That cannot be read", 403: "Not allowed", 404: "Not found", 405: "Not here", 409: "Changed meanwhile",
    410: "No longer there", 413: "Too large", 429: "Too many requests", 500: "Something failed here",
    503: "Not available now", 504: "It took too long", 507: "No room left",
}  # fmt: skip
WAITS = frozenset({429, 503, 504, 507})


def answer(error: ApiError, connection: HTTPConnection) -> Response:
    """An error as an answer; a person who has not signed in is sent to where one does."""
    if not wants_page(connection):
        return JSONResponse(error.body(), error.status, headers=error.headers)
    if error.status == 401 and connection.scope["method"] == "GET":
        return RedirectResponse(f"/login?next={quote(_asked(connection))}", 303)
    request = Request(connection.scope)
    asker, place, is_look = _asker(connection), _back(connection), request.method == "GET"
    page = frame.page(
        request, "refused.html.j2", TITLES.get(error.status, "Refused"),
        status=error.status, said=_sentence(error, connection), advice=_advice(error, asker, is_look=is_look),
        back=place, again=_asked(connection) if error.status in WAITS and is_look else "",
        sign_in=f"/login?next={quote(_asked(connection))}" if _may_sign_in(error, asker, connection) else "",
    )  # fmt: skip
    page.status_code = error.status
    page.headers.update(error.headers)
    return page


def wants_page(connection: HTTPConnection) -> bool:
    """Whether a browser asks for something to look at: its scripts and other programs ask for anything."""
    accepts = connection.headers.get("accept", "")
    is_for_people = connection.scope["type"] == "http" and not connection.scope["path"].startswith(PROGRAMS)
    return is_for_people and "text/html" in accepts


def _asker(connection: HTTPConnection) -> auth.Who:
    """Who asks; nobody where that was not found out."""
    return getattr(connection.state, "who", auth.NOBODY)


def _asked(connection: HTTPConnection) -> str:
    path, query = connection.scope["path"], connection.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _sentence(error: ApiError, connection: HTTPConnection) -> str:
    """What is wrong; what Starlette says of an unknown page, in our words."""
    if error.message == "Not Found":
        return f"There is no page at {connection.scope['path'][:200]}"
    if error.message == "Method Not Allowed":
        return f"{connection.scope['path'][:200]} takes no {connection.scope['method']}"
    if error.param and error.status == 400:
        return error.message if error.message.startswith(error.param) else f"{error.param}: {error.message}"
    return error.message[:1].upper() + error.message[1:]


def _advice(error: ApiError, asker: auth.Who, *, is_look: bool) -> str:
    """What to do about it."""
    if error.status == 403:
        name = f"You are here as {asker.name}. " if asker.name else ""
        return f"{name}An administrator of this server gives roles; nothing was changed."
    if error.status == 404:
        return "The address may be mistyped, or what it named belongs to another project or is gone."
    if error.status == 410:
        return "It does not come back: ask whoever gave you the address for a new one."
    if error.status in WAITS:
        wait_s = error.headers.get("Retry-After", "")
        return f"Nothing was lost. Try again {f'in {wait_s} s' if wait_s else 'in a moment'}."
    if error.status >= 500:
        return "The server's log says more; nothing that was stored is lost."
    if is_look:
        return "The address asks for what this page does not know: choose again on the page itself."
    return "Nothing was changed. Go back, mend it and try again."


def _may_sign_in(error: ApiError, asker: auth.Who, connection: HTTPConnection) -> bool:
    """Whether signing in may help: somebody is nobody yet, in a place that asks who one is."""
    is_nobody = not asker.scopes and not asker.key
    return is_nobody and error.status in (401, 403, 404) and not connection.scope["path"].startswith(NOT_SIGNED_IN)


def _back(connection: HTTPConnection) -> tuple[str, str]:
    """The page that an address is below of, by name and address, among those that somebody may see."""
    path, rooms = connection.scope["path"], frame.rooms(_asker(connection))
    path = path.replace("/slices", "/results")
    above = [room for room in rooms if room[1] not in ("/", _asked(connection)) and path.startswith(room[1])]
    return next(iter((*above, *rooms)), ("", ""))
