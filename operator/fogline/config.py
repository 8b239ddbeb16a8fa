"""Settings of the operator. This module alone reads the environment."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from fogline import names
from fogline.api import MoveBudget, parse_budgets
from fogline.api.rule import are_label_keys
from fogline.errors import BadInputError

PREFIX = "FOGLINE_"
MAX_NUMBER = 65_535
"""The highest port; no setting in seconds or milliseconds needs more."""

FETCHER_REQUESTS: Mapping[str, str] = {"cpu": "50m", "memory": "64Mi"}
"""What the init container requests. A pod requests the larger of this and of what its server requests."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is read from the environment variable ``FOGLINE_<FIELD IN CAPITALS>``."""

    tensorflow_serving_image: str = "docker.io/tensorflow/serving:2.20.0"
    """Image of variants with runtime TensorFlowServing that name none."""
    litert_image: str = "ghcr.io/fogline/model-server:0.1.0"
    """Image of variants with runtime LiteRT that name none."""
    fetcher_image: str = "ghcr.io/fogline/model-fetcher:0.1.0"
    """Image of the init container that brings the artifact."""
    artifact_gibibytes: int = 10
    """Largest artifact that is fetched from a store, in GiB."""
    edge_fetch_megabits: int | None = None
    """Megabits (10^6) per second that one replica on an edge node fetches at most; None: what it gets."""
    region_label: str = names.REGION_LABEL
    """Node label that ``allowedRegions`` is matched on. For data residency that must withstand a hostile
    node: ``fogline.node-restriction.kubernetes.io/region``, which a kubelet cannot set."""
    accelerator_label: str = names.ACCELERATOR_LABEL
    """Node label that ``acceleratorTypes`` is matched on. The default is what NVIDIA's feature discovery
    writes."""
    batch_milliseconds: int = 100
    """Gated pods are collected for this long before they are decided together."""
    resync_seconds: int = 300
    """A full pass over every ModelDeployment, which also finds what an event failed to tell."""
    unstick_seconds: int = 30
    """A pinned pod that the scheduler refuses for this long is deleted and decided again."""
    clearance_seconds: int = 60
    """A replica whose node may not hold its data any more is gone after this long, even if nothing replaces
    it."""
    move_budgets: tuple[MoveBudget, ...] = (MoveBudget(moves=5),)
    """How many moves of all ModelDeployments together may run at once, and when: a JSON list of what
    ``spec.disruption.budgets`` takes, such as ``[{"moves": "10%"}]``: of all replicas."""
    optimiser_seconds: int = 300
    """The process of the optimiser is ended after this long."""
    optimiser_mebibytes: int = 1024
    """Memory that the process of the optimiser may use: 5,000 nodes take less than half of it."""
    pins_per_second: int = 50
    """Pods that are let go in the long run; a burst of four times as many need not wait. The default is what
    kube-scheduler binds by default: raise it together with the ``clientConnection.qps`` of kube-scheduler."""
    requests_per_second: int = 20
    """All other requests to the API server in the long run, with a burst of two and a half times as many. To
    bring up a ModelDeployment takes about ten."""
    health_port: int = 8080
    """Port of /livez, /readyz and /metrics."""


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises
    ------
    BadInputError
        A text is empty, a label is no key of a label, a number is not from 1 to 65535, or budgets are none.
    """
    source = os.environ if environment is None else environment
    known = {PREFIX + field.name.upper(): field for field in fields(Settings)}
    given = {key: value for key, value in source.items() if key in known}
    values = {
        known[key].name: _READERS.get(known[key].type, _number)(key, text) for key, text in given.items()
    }
    return Settings(**values)


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """List the variables that look like settings and are none: misspelt ones, perhaps.

    They are no error: Kubernetes sets variables with our prefix for a Service that is called fogline-x.
    """
    source = os.environ if environment is None else environment
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    return sorted(key for key in source if key.startswith(PREFIX) and key not in known)


def _number(key: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= MAX_NUMBER:
        raise BadInputError(f"{text!r} is no whole number from 1 to {MAX_NUMBER}", key)
    return int(text)


def _text(key: str, text: str) -> str:
    if not text:
        raise BadInputError("is empty; leave it out for the default", key)
    if key.endswith("_LABEL") and not are_label_keys({text: None}):
        raise BadInputError(f"{text!r} is no key of a label; write for example {names.REGION_LABEL}", key)
    return text


def _budgets(key: str, text: str) -> tuple[MoveBudget, ...]:
    try:
        return parse_budgets(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadInputError(f"is no JSON: {error}", key) from error
    except BadInputError as error:
        raise BadInputError(str(error), key) from error


_READERS: Mapping[Any, Callable[[str, str], Any]] = {str: _text, tuple[MoveBudget, ...]: _budgets}
"""How fields of a type are read; all others are numbers."""
