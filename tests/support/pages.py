"""What every page of ours must be: safe whatever names are on it, and readable."""

import re
from html.parser import HTMLParser

HOSTILE = "<script>alert('1')</script>\"&'<img src=x onerror=alert(2)>"
NEEDS_CLOSING = {
    "html",
    "head",
    "body",
    "main",
    "section",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "div",
    "i",
}
CONTRAST = """
const luminance = text => { const [r, g, b] = text.match(/\\d+/g).map(Number).map(v => v / 255)
  .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126*r + 0.7152*g + 0.0722*b };
const ground = luminance(getComputedStyle(document.body).backgroundColor);
return Math.min(...[...document.querySelectorAll('h1, p, td, th, .n b, .card span')].map(one => {
  const text = luminance(getComputedStyle(one).color);
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05) }))
"""
"""The least contrast of any text against the page (WCAG 2.2, 1.4.3: at least 4.5)."""
WIDTHS = "return [document.documentElement.scrollWidth, window.innerWidth]"


def assert_inert(page: str) -> None:
    """Check that a page is well formed and has nothing that runs or loads."""
    tags = Tags(page)
    assert tags.open == []
    assert not tags.seen & {"script", "img", "link", "iframe", "use", "image", "foreignobject"}
    assert not {name for name in tags.attributes if name.startswith("on")}


def assert_loads_nothing(page: str) -> None:
    """Check that a page names no other place and forbids the browser to load anything."""
    assert not re.search(r"https?:|//|url\(|@import", page)
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page


class Tags(HTMLParser):
    """Reads a page as strictly as it can: everything that is opened is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is opened."""
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in NEEDS_CLOSING:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that it was the last to be opened."""
        if tag in NEEDS_CLOSING:
            assert self.open.pop() == tag
