"""The workers of a training, as Kubernetes tells of them, and as TensorFlow wants to be told. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fogline_trainer.errors import Reason, RefusedError


@dataclass(frozen=True, slots=True)
class Crew:
    """All workers, and which of them this is."""

    addresses: tuple[str, ...]
    """``host:port`` of each; one alone needs none."""
    worker: int

    @property
    def workers(self) -> int:
        """How many there are."""
        return max(len(self.addresses), 1)

    @property
    def is_chief(self) -> bool:
        """Whether this one writes what all of them have computed."""
        return self.worker == 0

    def tensorflow_config(self) -> str | None:
        """Return the value of TF_CONFIG; None for one worker, who needs no cluster."""
        if self.workers == 1:
            return None
        cluster = {"worker": list(self.addresses)}
        return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": self.worker}})


def parse(environment: Mapping[str, str], count: int) -> Crew:
    """Read FOGLINE_WORKER and FOGLINE_WORKER_ADDRESSES.

    Parameters
    ----------
    count
        How many workers the resource asks for.

    Raises
    ------
    RefusedError
        They do not fit the resource.
    """
    listed = environment.get("FOGLINE_WORKER_ADDRESSES", "")
    addresses = tuple(address.strip() for address in listed.split(",") if address.strip())
    worker = environment.get("FOGLINE_WORKER", "0")
    if not worker.isdecimal() or int(worker) >= count or max(len(addresses), 1) != count:
        raise RefusedError(
            Reason.FAILED,
            f"the resource has {count} workers; FOGLINE_WORKER_ADDRESSES must name as many and "
            "FOGLINE_WORKER be "
            "one of them",
        )
    return Crew(addresses if count > 1 else (), int(worker))
