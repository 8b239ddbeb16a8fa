"""Check that every relative link in the documentation leads somewhere: ``python -m dev.links``."""

import re
import subprocess
import sys
from pathlib import Path

from dev.paths import ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def broken(file: Path) -> list[str]:
    """Return the links of a Markdown file that lead nowhere in the checkout."""
    text = _FENCE.sub("", file.read_text())
    links = [link for link in _LINK.findall(text) if "://" not in link and not link.startswith("mailto:")]
    return [link for link in links if not (file.parent / link).exists()]


def main() -> int:
    """Check all Markdown files that git knows; return the exit status."""
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30
    )
    found = [(name, link) for name in listed.stdout.split() for link in broken(ROOT / name)]
    for name, link in found:
        print(f"{name}: {link} leads nowhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
