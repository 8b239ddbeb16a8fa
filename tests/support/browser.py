"""A real browser: Chromium without a window, spoken to by WebDriver (W3C) as its driver serves it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from dev.host import require
from dev.ports import free_port
from tests.support.wait import wait_for

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""Debian package of each program."""
_FLAGS = (
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_CALL_SECONDS = 60


class Browser:
    """One window."""

    def __init__(self, http: aiohttp.ClientSession, session: str) -> None:
        self._http = http
        self._session = session

    async def open(self, page: Path) -> None:
        """Open a file."""
        await self._call("url", url=page.as_uri())

    async def run(self, script: str) -> Any:
        """Run JavaScript on the page, and give what it returns; the page itself need run none."""
        return await self._call("execute/sync", script=script, args=[])

    async def resize(self, width: int, height: int) -> None:
        """Give the page a size, as on a device of that size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._command("Emulation.setDeviceMetricsOverride", size)

    async def prefer(self, scheme: str) -> None:
        """Let the user prefer ``light`` or ``dark``."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self._command("Emulation.setEmulatedMedia", {"features": [feature]})

    async def complaints(self) -> list[str]:
        """Give what the browser complained of since the last time: mistakes, and what it refused to load."""
        return [one["message"] for one in await self._call("se/log", type="browser")]

    async def screenshot(self) -> bytes:
        """Give what is to be seen as PNG."""
        shot = await self._command("Page.captureScreenshot", {"format": "png"})
        return base64.b64decode(shot["data"])

    async def _command(self, name: str, parameters: dict[str, Any]) -> Any:
        """Send a command of the DevTools protocol."""
        return await self._call("goog/cdp/execute", cmd=name, params=parameters)

    async def _call(self, what: str, **body: Any) -> Any:
        return await _post(self._http, f"/session/{self._session}/{what}", body)


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """Start a browser with a new profile; its Debian packages are installed where they are not and may be.

    Raises
    ------
    DevError
        There is no browser, and it cannot be installed from here.
    """
    require(PACKAGES)
    port, log = free_port(), folder / "chromedriver.log"
    driver = await asyncio.create_subprocess_exec("chromedriver", f"--port={port}", f"--log-path={log}")
    limit = aiohttp.ClientTimeout(total=_CALL_SECONDS)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=limit) as http:
        try:
            await wait_for(lambda: _is_ready(http), "the driver of the browser is ready", seen=log.read_text)
            options = {"args": [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = (await _post(http, "/session", {"capabilities": {"alwaysMatch": wanted}}))["sessionId"]
            yield Browser(http, session)
            async with http.delete(f"/session/{session}"):
                pass
        finally:
            driver.terminate()
            await asyncio.wait_for(driver.wait(), _CALL_SECONDS)


async def _is_ready(http: aiohttp.ClientSession) -> bool:
    with suppress(aiohttp.ClientError):
        async with http.get("/status") as answer:
            return bool((await answer.json())["value"]["ready"])
    return False


async def _post(http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> Any:
    async with http.post(path, json=body) as answer:
        value = (await answer.json())["value"]
    assert answer.ok, value
    return value
