"""Serves ``/v1/figures``."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from fogline.collector.answer import Answered

PATH = "/v1/figures"


def application(figures: Callable[[], Answered], trouble: Callable[[], str | None]) -> web.Application:
    """Give what is served: GET; with ``?model=NAMESPACE/NAME`` models and revisions are of that one only."""

    async def answer(request: web.Request) -> web.Response:
        if why := trouble():
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"{why}\n")
        found = figures()
        if wanted := request.query.get("model"):
            found = only(found, wanted)
        return web.json_response(body=msgspec.json.encode(found))

    made = web.Application()
    made.add_routes([web.get(PATH, answer)])
    return made


def only(found: Answered, model: str) -> Answered:
    """Leave out the figures of all other models."""
    return msgspec.structs.replace(
        found,
        models={name: figures for name, figures in found.models.items() if name == model},
        revisions=tuple(one for one in found.revisions if f"{one.namespace}/{one.model}" == model),
    )
