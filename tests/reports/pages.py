"""What a browser would make of a page, and texts that try to be more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from modellab.reports import html
from modellab.system.escape import TURNING

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "</style><script>alert(1)</script>",
    "--><svg onload=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "{{ 7 * 7 }}",
    "]]><!--",
    "a\0b",
    "half \ud83d of a pair",
    "pay\u202egnp.exe",
    "\x1b[31mred\x1b[0m",
]
PLAIN = {
    *("div", "span", "i", "b", "p", "figure", "figcaption", "label", "input", "output"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}
ACTING = {"src", "href", "style", "action", "srcdoc", "http-equiv"}
OWN = {
    "a": {"href"},
    "meta": {"http-equiv"},
    "img": {"src"},
    "audio": {"src"},
    "div": {"style"},
}  # of our templates
NO_ICON = ("link", {"rel": "icon", "href": "data:,"})  # so that no browser asks for one


class Seen(HTMLParser):
    """What a browser would find: tags with their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def check(page: str) -> Seen:
    """Nothing of the data has become a tag, an attribute that acts, or an address."""
    page.encode("utf-8")
    assert "\0" not in page
    assert not set(TURNING) & set(page)
    seen = Seen(page)
    for tag, attributes in (each for each in seen.tags if each != NO_ICON):
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not ACTING & attributes.keys() - OWN.get(tag, set()), (tag, attributes)
        source, style = attributes.get("src") or "", attributes.get("style") or ""
        assert re.fullmatch(r"(#u\d+)?", attributes.get("href") or "")
        assert not source or html.SOUND.match(source) or html.PICTURE.match(source)
        assert re.fullmatch(r"(--share: [\d.]+%)?", style)
    return seen
