"""Pages that one opens from a file: one HTML file each, nothing from a network, nothing of the data executes.

    page("case.html.j2", title="...", facts=[("commit", "1a2b3c4")], ...) -> str

Templates lie beside this file. `base.html.j2` has the head, `_parts.html.j2` the macros that pages share. Every value
is escaped (autoescape), a name that is not in the context is an error (StrictUndefined), and what cannot be seen is
made visible: control characters, characters that turn the direction of text, half of a surrogate pair. The page's
Content-Security-Policy lets one script run, ours, by its hash, and loads nothing but `data:` and files beside it.

Start reading at `base.html.j2`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modellab import units
from modellab.reports.html import figures
from modellab.system import extras
from modellab.system.escape import visible

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
SOUND = re.compile(r"data:audio/[a-z0-9.+-]+;base64,[A-Za-z0-9+/]*={0,2}\Z")
PICTURE = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]*={0,2}\Z")
RELATIVE = re.compile(r"(?!/)(?!.*(?:^|/)\.\.(?:/|\Z))[\w./ -]+\Z")  # no scheme, no host, no way up


@dataclass(frozen=True, slots=True)
class Frame:
    """What a server has around a page among others: a layout in a folder of its own, and what that has to know.

    The layout has the blocks of `base.html.j2`; style sheet, script and policy are the server's business.
    """

    folder: Path
    layout: str
    context: Mapping[str, Any]


def page(template: str, frame: Frame | None = None, **context: Any) -> str:
    """A page of the template `template` in this folder; the same context gives the same text.

    `base.html.j2` needs `title`, and takes `facts`, pairs of a name and a text that say what, when and which commit.
    Without a `frame` the page stands alone.
    """
    given = {"facts": (), "links": (), **context}
    if frame is not None:
        loaded = environment(frame.folder).get_template(template)
        return loaded.render({**frame.context, **given, "layout": frame.layout})
    style, script = _text("style.css"), _text("page.js")
    alone = {"layout": "base.html.j2", "style": style, "script": script, "policy": policy(script)}
    return environment().get_template(template).render({**alone, **given})


def policy(script: str) -> str:
    """The Content-Security-Policy of a page with this one script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    sources = {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'unsafe-inline'",
        "img-src": "data: 'self'",
        "media-src": "data: 'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {source}" for name, source in sources.items())


class Address(str):
    """What has passed for the address of a sound or a picture: nothing in it is text that could hide anything."""

    __slots__ = ()


def media(uri: str, kind: re.Pattern[str]) -> Address:
    """The address as it came, or ValueError for anything but data of this kind or a file beside the page."""
    if kind.match(uri) or RELATIVE.match(uri):
        return Address(uri)
    raise ValueError(f"{uri[:60]!r} is no address for a page: expected data: of sound or picture, or a relative file")


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def environment(*folders: Path) -> Environment:
    """Where templates are found, in `folders` first and then in this one; they are compiled once per process."""
    extras.need("reports", "an HTML page")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    def shown(value: Any) -> Any:
        """What `{{ }}` puts on the page, before it is escaped; None would be a hole in the data."""
        if value is None:
            raise ValueError("a template shows None: say in words what is missing")
        return value if isinstance(value, Markup | Address) else visible(str(value))

    def marked_up(sentence: str) -> Markup:
        """A sentence of ours whose commands stand in backticks, as people see commands on a page."""
        parts = list(map(visible, sentence.split("`")))
        if len(parts) % 2 == 0:  # one has no partner
            return escape("`".join(parts))
        return Markup().join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))

    templates = Environment(
        loader=FileSystemLoader([*folders, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
    )
    templates.globals |= {"numbers": units, "axis": figures.axis}
    templates.filters |= {
        "inline": Markup,  # our own style sheet and script, nothing else
        "said": marked_up,
        "sound": lambda uri: media(uri, SOUND),
        "picture": lambda uri: media(uri, PICTURE),
    }
    return templates
