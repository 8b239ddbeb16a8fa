"""What mkdocs needs to be told: links that leave docs/ lead to the repository."""

import re
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

_LINK = re.compile(r"\]\((?P<path>\.\./[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_more: Any) -> str:
    """Return the text of a page with such links replaced; mkdocs calls this for each page."""
    folder = PurePosixPath("docs", page.file.src_uri).parent

    def replaced(link: re.Match[str]) -> str:
        target = normpath(str(folder / link["path"]))
        if PurePosixPath(target).is_relative_to("docs"):
            return link[0]
        return f"]({config.repo_url}/blob/main/{target}{link['anchor'] or ''})"

    return _LINK.sub(replaced, markdown)
