"""Scopes, what each lets one do, and the roles that people have in a project.

infer     ask models
read      look at results, jobs, queues, figures
run       measure: start runs, cancel one's own
promote   move a variant along its lifecycle
rate      give ratings in listening tests
admin     everything, in every project: accounts, projects, tokens, models loaded and unloaded
"""

from __future__ import annotations

from modellab.errors import did_you_mean
from modellab.server.askers import ADMIN, SCOPES
from modellab.server.errors import ApiError

ALL = frozenset(SCOPES)
OPERATING = ALL - {ADMIN}  # what a token of the settings may
ROLES = {
    "viewer": frozenset({"read"}),
    "rater": frozenset({"read", "rate"}),
    "runner": frozenset({"read", "infer", "run"}),
    "maintainer": OPERATING,
    ADMIN: ALL,
}
MEMBERS = tuple(role for role in ROLES if role != ADMIN)  # roles in one project; an admin is one everywhere


def scopes(names: object) -> frozenset[str]:
    """Names as scopes; ApiError for what is none."""
    given = names.replace(",", " ").split() if isinstance(names, str) else names
    if not isinstance(given, list | tuple | set | frozenset) or not given:
        raise ApiError(400, "invalid_value", f"expected a list of scopes: {', '.join(SCOPES)}", "scopes")
    for name in given:
        if name not in SCOPES:
            near = did_you_mean(str(name)[:60], SCOPES)
            raise ApiError(400, "invalid_value", f"there is no scope {str(name)[:60]!r}: {near}", "scopes")
    return frozenset(map(str, given))


def role(name: object) -> str:
    """A name as a role in a project; ApiError for what is none."""
    if name not in MEMBERS:
        message = f"role is {str(name)[:60]!r}, expected one of {', '.join(MEMBERS)}"
        raise ApiError(400, "invalid_value", message, "role")
    return str(name)


def common(held: frozenset[str], given: frozenset[str]) -> frozenset[str]:
    """What a token may that was given some scopes by somebody who holds others; `admin` holds all of them.

    >>> sorted(common(ALL, frozenset({"infer"}))), sorted(common(ROLES["viewer"], ALL))
    (['infer'], ['read'])
    """
    return (ALL if ADMIN in held else held) & (ALL if ADMIN in given else given)
