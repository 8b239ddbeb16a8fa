"""The documentation as a site: it builds without a warning and needs nothing from outside."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from dev.paths import ROOT

# what a browser fetches by itself, unlike the target of a link
FETCHED = re.compile(
    r'<(?:script|img|iframe|source)\b[^>]*?\bsrc="([^"]+)"|<link\b[^>]*?\bhref="([^"]+)"[^>]*>'
)
NOT_FETCHED = re.compile(r'rel="(?:canonical|prev|next|edit)"')
LINK_OUT = re.compile(r'href="https://github\.com/fogline/fogline/blob/main/([^"#]+)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_no_page_fetches_anything_from_another_site(site: Path) -> None:
    fetched = {
        source or href
        for page in site.rglob("*.html")
        for match in FETCHED.finditer(page.read_text())
        for source, href in [match.groups()]
        if not NOT_FETCHED.search(match[0])
    }
    assert fetched
    assert [url for url in fetched if "//" in url] == []
    assert "fonts.googleapis.com" not in (site / "index.html").read_text()


def test_links_to_files_beside_the_documentation_lead_to_the_repository(site: Path) -> None:
    linked = {path for page in site.rglob("*.html") for path in LINK_OUT.findall(page.read_text())}
    assert "examples/quickstart/modeldeployment.yaml" in linked
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_every_field_and_every_reason_has_a_place_that_links_lead_to(site: Path) -> None:
    assert 'id="spec.placement.latency.maxMilliseconds"' in (site / "modeldeployment.html").read_text()
    assert 'id="NoFit"' in (site / "troubleshooting.html").read_text()
