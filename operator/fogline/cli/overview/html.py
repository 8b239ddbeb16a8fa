"""HTML from values: every text is escaped, unless it is HTML already."""

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is HTML. Only functions of this module make it."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Html:
    """Write an element.

    Parameters
    ----------
    children
        Texts, which are escaped, and HTML.
    attributes
        An underscore at the end of a name, as in ``class_``, is left out; others are hyphens.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Html:
    """Write parts one after the other."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def table(head: Iterable[str], rows: Iterable[Iterable[str]], numbers: Iterable[int] = ()) -> Html:
    """Write a table; the first cell of each row is its heading."""
    right = set(numbers)

    def cell(name: str, number: int, text: str, scope: str = "") -> Html:
        attributes = {
            **({"class_": "number"} if number in right else {}),
            **({"scope": scope} if scope else {}),
        }
        return element(name, text, **attributes)

    heading = joined(cell("th", number, text, "col") for number, text in enumerate(head))
    body = joined(
        element(
            "tr",
            *(
                cell("td", number, text) if number else cell("th", number, text, "row")
                for number, text in enumerate(row)
            ),
        )
        for row in rows
    )
    whole = element("table", element("thead", element("tr", heading)), element("tbody", body))
    return element("div", whole, class_="scroll")


def page(title: str, style: str, *children: str) -> Html:
    """Write a whole page that loads nothing and runs nothing, whatever is on it."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = Html(
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
    )
    content = joined((element("title", title), element("style", Html(style))))
    body = element("body", *children)
    return Html(f'<!doctype html>\n<html lang="en"><head>{head}{content}</head>{body}</html>\n')
