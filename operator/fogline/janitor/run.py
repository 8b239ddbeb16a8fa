"""Put the janitor together and run it until it is told to stop."""

from fogline import health
from fogline.cluster import connection
from fogline.cluster.client import Client
from fogline.config import JanitorSettings
from fogline.janitor.budgets import FIELD_MANAGER
from fogline.janitor.janitor import Janitor
from fogline.process import work_until_told_to_stop


async def run(settings: JanitorSettings) -> None:
    """Run until SIGTERM or SIGINT.

    A task that ends in an error ends the process, for the kubelet to start it anew: it keeps nothing.
    """
    where = connection.default()
    async with Client(where, manager=FIELD_MANAGER) as client:
        janitor = Janitor(client, where.namespace, settings)
        async with health.serve(settings.health_port, janitor.metrics.instruments.page, janitor.trouble):
            await work_until_told_to_stop(janitor.run())
