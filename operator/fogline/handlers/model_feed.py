"""Makes up for what kopf does not tell of the ModelDeployments: missed deletions, a watch that is silent."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from fogline.cluster.breaker import is_suspicious
from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.cluster.objects import AnyObject
from fogline.cluster.reflector import Reflector
from fogline.config import Settings
from fogline.errors import ApiError
from fogline.names import ModelKey
from fogline.observe import Models

RETRY_SECONDS = 2.0
LAG_SECONDS = 5.0
"""What a second watch has known for so long and kopf has not told, kopf has missed."""

logger = logging.getLogger(__name__)


class ModelFeed:
    """Lists the models from time to time, and when a watch of its own knows more than kopf tells.

    kopf does not report a deletion that happened while it had no watch, and does not say when it last heard
    anything.
    """

    def __init__(self, client: Client, models: Models, settings: Settings) -> None:
        self._client = client
        self._models = models
        self._resync_seconds = settings.resync_seconds
        self._others: set[str] = set()
        self.witness: Reflector[AnyObject] = Reflector(
            client,
            MODEL_DEPLOYMENTS,
            AnyObject,
            lambda _before, _after: None,
            confirm_seconds=settings.confirm_seconds,
        )

    async def list(self) -> None:
        """Take the list of all models for the truth, unless it lacks many that the witness knows."""
        while True:
            try:
                listing = await self._client.list(MODEL_DEPLOYMENTS)
            except ApiError as error:
                logger.warning("models not listed, trying again", extra={"error": str(error)})
            else:
                if not is_suspicious(len(self.witness.store), len(listing.items)):
                    self._models.replace(listing.items, listing.resource_version)
                    self._tell_of_others(listing.items)
                    return
                logger.warning("list of models not believed, trying again")
            await asyncio.sleep(RETRY_SECONDS)

    def _tell_of_others(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Say once of each namespace that models in it are left alone: nothing else tells of them."""
        found = {document["metadata"]["namespace"] for document in documents}
        others = {namespace for namespace in found if not self._models.takes(namespace)}
        if new := sorted(others - self._others):
            logger.warning(
                "models elsewhere are left alone: the setting namespaces does not name theirs",
                extra={"namespaces": new},
            )
        self._others = others

    async def until_due(self) -> None:
        """Wait until the models should be listed again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._resync_seconds):
                await self._until_missed()

    async def _until_missed(self) -> None:
        """Wait until something is known to the witness, but not from kopf, for `LAG_SECONDS`."""
        before: set[ModelKey] = set()
        while True:
            versions = {
                ModelKey(*key): one.metadata.resource_version for key, one in self.witness.store.items()
            }
            lag = self._models.lag(versions)
            if missed := lag & before:
                logger.warning("kopf did not tell of changes, listing", extra={"models": sorted(missed)})
                return
            before = lag
            await asyncio.sleep(LAG_SECONDS)
