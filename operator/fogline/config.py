"""Settings of what runs in the cluster. This module alone reads the environment."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

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
    tensorflow_serving_arm64_image: str = "ghcr.io/fogline/model-server-tensorflow:0.1.0"
    """The same for variants whose ``architectures`` name arm64, for which there is no image of TensorFlow
    Serving. A variant that names others too needs an image that is for all of them, as the default is."""
    litert_image: str = "ghcr.io/fogline/model-server:0.1.0"
    """Image of variants with runtime LiteRT that name none."""
    fetcher_image: str = "ghcr.io/fogline/model-fetcher:0.1.0"
    """Image of the init container that brings the artifact."""
    trainer_image: str = "ghcr.io/fogline/trainer:0.1.0"
    """Image of ModelTrainings that name none."""
    kubeflow_trainer: bool = False
    """Let Kubeflow Trainer 2 make the workers of trainings with ``engine: TrainJob``; it is looked for from
    time to time until it is there."""
    namespaces: tuple[str, ...] = ()
    """Models are placed in these namespaces only, a list with commas; empty: in all of them. What runs
    elsewhere is counted and left alone."""
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
    plan_idle_seconds: int = 30
    """After so long without a change all models are planned together, for moves that save only together."""
    plan_every_seconds: int = 300
    """Time from one such plan to the next, at least."""
    optimiser_seconds: int = 300
    """The process of the optimiser is ended after this long."""
    optimiser_mebibytes: int = 1024
    """Memory that the process of the optimiser may use: 5,000 nodes take less than half of it."""
    pins_per_second: int = 50
    """Pods that are let go, and moves that begin, in the long run; a burst of four times as many need not
    wait. The default is what kube-scheduler binds by default: raise it together with the
    ``clientConnection.qps`` of kube-scheduler."""
    requests_per_second: int = 20
    """All other requests to the API server in the long run, with a burst of two and a half times as many. To
    bring up a ModelDeployment takes about ten."""
    lease_seconds: int = 15
    """An operator that gave no sign of life for so long is replaced by a standby. It stops by itself after
    two thirds of that."""
    pod_uid: str = ""
    """UID of the pod that the operator runs in. With it a container that is started anew takes the Lease of
    the one before it at once."""
    stale_seconds: int = 90
    """When nothing was heard of some kind of object for so long, nothing is decided: API servers send a sign
    of life every minute. After twice that the Lease is given up."""
    confirm_seconds: int = 5
    """A list that is suddenly much shorter is believed when a second one, so much later, says the same."""
    metrics_models: int | None = None
    """So many ModelDeployments have metrics of their own, with namespace and name as labels: the first that
    come. None: none have, and no metric holds a name that a user chose."""
    policies: tuple[str, ...] = ()
    """Names of the ValidatingAdmissionPolicies that are installed, separated by commas. While one of them is
    missing, nothing of data sensitivity Confidential or higher is placed. None: nothing is looked at."""
    policy_seconds: int = 60
    """Time from one look at the policies to the next."""
    collector_url: str = ""
    """Where the collector answers, such as ``http://fogline-collector.fogline-system.svc:8081``. Empty:
    nowhere, and a canary with limits waits for figures."""
    health_port: int = 8080
    """Port of /livez, /readyz and /metrics."""


@dataclass(frozen=True, slots=True)
class ProbeAddress:
    """Where the probe of one client site answers."""

    client_site: str
    url: str
    """Such as ``http://fogline-probe-1a2b3c4d.fogline-system.svc:8082``."""


PROBE_TOKEN_FILE = "/etc/fogline/probe/token"  # noqa: S105  a path
"""Where the token lies that the collector shows to probes."""


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """Each field is read from the environment variable ``FOGLINE_<FIELD IN CAPITALS>``."""

    namespaces: tuple[str, ...] = ()
    """Those of the operator."""
    scrape_seconds: int = 15
    """Time from one round of scrapes of the model servers to the next."""
    window_seconds: int = 300
    """How long what they said is remembered."""
    metrics_models: int | None = None
    """So many models, those with the most requests, have metrics of their own, with namespace and name as
    labels; the others are added up. None: none have, and no metric holds a name that a user chose."""
    metrics_nodes: int | None = None
    """So many nodes, and as many sites, those with the most requests, have metrics of their own, with their
    names as labels. None: none have."""
    resource_metrics: bool = False
    """Ask the metrics API of the cluster (metrics.k8s.io) what pods use whose servers do not say so
    themselves: those of TensorFlow Serving."""
    probes: tuple[ProbeAddress, ...] = ()
    """Where probes answer: a JSON list such as ``[{"clientSite": "plant-a", "url": "http://10.0.0.7:8082"}]``."""
    probe_seconds: int = 60
    """Time from one round of measurements of round trips to the next."""
    probe_expiry_seconds: int = 21_600
    """What was measured counts for so long after the last measurement that bore it out."""
    probe_token_file: str = PROBE_TOKEN_FILE
    """File with the token that probes ask for."""
    figures_port: int = 8081
    """Port of /v1/figures."""
    health_port: int = 8080
    """Port of /livez, /readyz and /metrics."""


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Each field is read from the environment variable ``FOGLINE_<FIELD IN CAPITALS>``."""

    probe_token_file: str = PROBE_TOKEN_FILE
    """File with the token that whoever asks must show."""
    probe_port: int = 8082
    """Port that measurements are asked for on."""
    health_port: int = 8080
    """Port of /livez, /readyz and /metrics."""


@dataclass(frozen=True, slots=True)
class JanitorSettings:
    """Each field is read from the environment variable ``FOGLINE_<FIELD IN CAPITALS>``."""

    namespaces: tuple[str, ...] = ()
    """Those of the operator."""
    gate_timeout_seconds: int = 120
    """When no operator has renewed its Lease for so long, pods that have waited for as long are let go."""
    budget_timeout_seconds: int = 300
    """When no operator has renewed its Lease for so long, budgets that let no pod go let one go."""
    health_port: int = 8080
    """Port of /livez, /readyz and /metrics."""


class ModelsAfterwards(StrEnum):
    """What becomes of models when Fogline is uninstalled."""

    KEEP = "Keep"
    """They go on as they are, without an operator."""
    REMOVE = "Remove"
    """They are deleted, and NodeProfiles too."""


@dataclass(frozen=True, slots=True)
class UninstallSettings:
    """Each field is read from the environment variable ``FOGLINE_<FIELD IN CAPITALS>``."""

    namespaces: tuple[str, ...] = ()
    """Those of the operator."""
    models_afterwards: ModelsAfterwards = ModelsAfterwards.KEEP
    """What becomes of models."""
    limit_seconds: int = 45
    """Nothing is begun after so long."""


AnySettings = Settings | JanitorSettings | UninstallSettings | CollectorSettings | ProbeSettings
S = TypeVar("S", Settings, JanitorSettings, UninstallSettings, CollectorSettings, ProbeSettings)


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the operator.

    Raises
    ------
    BadInputError
        A text is empty, a label is no key of a label, a number is not from 1 to 65535, a name is none of a
        namespace, an address is none, or budgets are none.
    """
    return _read(Settings, environment)


def janitor_from_environment(environment: Mapping[str, str] | None = None) -> JanitorSettings:
    """Read the settings of the janitor.

    Raises
    ------
    BadInputError
        A number is not from 1 to 65535, or a name is none of a namespace.
    """
    return _read(JanitorSettings, environment)


def collector_from_environment(environment: Mapping[str, str] | None = None) -> CollectorSettings:
    """Read the settings of the collector.

    Raises
    ------
    BadInputError
        A number is not from 1 to 65535, a name is none of a namespace, or probes are none.
    """
    return _read(CollectorSettings, environment)


def probe_from_environment(environment: Mapping[str, str] | None = None) -> ProbeSettings:
    """Read the settings of a probe.

    Raises
    ------
    BadInputError
        A number is not from 1 to 65535.
    """
    return _read(ProbeSettings, environment)


def uninstall_from_environment(environment: Mapping[str, str] | None = None) -> UninstallSettings:
    """Read what to do when Fogline is uninstalled.

    Raises
    ------
    BadInputError
        A number is not from 1 to 65535, a name is none of a namespace, or a word is not known.
    """
    return _read(UninstallSettings, environment)


def _read(kind: type[S], environment: Mapping[str, str] | None) -> S:
    source = os.environ if environment is None else environment
    known = {PREFIX + field.name.upper(): field for field in fields(kind)}
    given = {key: value for key, value in source.items() if key in known}
    values = {
        known[key].name: _READERS.get(known[key].type, _number)(key, text) for key, text in given.items()
    }
    return kind(**values)


def unknown_variables(
    environment: Mapping[str, str] | None = None, kind: type[AnySettings] = Settings
) -> list[str]:
    """List the variables that look like settings and are none: misspelt ones, perhaps.

    They are no error: Kubernetes sets variables with our prefix for a Service that is called fogline-x.
    """
    source = os.environ if environment is None else environment
    known = {PREFIX + field.name.upper() for field in fields(kind)}
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
    if key.endswith("_URL") and not text.startswith("http://"):
        raise BadInputError(f"{text!r} does not begin with http://", key)
    return text


def _budgets(key: str, text: str) -> tuple[MoveBudget, ...]:
    try:
        return parse_budgets(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadInputError(f"is no JSON: {error}", key) from error
    except BadInputError as error:
        raise BadInputError(str(error), key) from error


def _names(key: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text.strip() else ()
    for name in names:
        if not re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
            raise BadInputError(f"{name!r} is no name; write them with commas, such as models,shop", key)
    return names


def _afterwards(key: str, text: str) -> ModelsAfterwards:
    try:
        return ModelsAfterwards(text)
    except ValueError as error:
        raise BadInputError(f"{text!r} is none of {', '.join(ModelsAfterwards)}", key) from error


_CLIENT_SITE = "([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
"""The value of a label. Empty: clients in general."""


def _truth(key: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise BadInputError(f"{text!r} is neither true nor false", key)
    return text == "true"


def _probes(key: str, text: str) -> tuple[ProbeAddress, ...]:
    try:
        found = tuple(ProbeAddress(str(one["clientSite"]), str(one["url"])) for one in json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise BadInputError(
            'is no list such as [{"clientSite": "a", "url": "http://b:8082"}]', key
        ) from error
    for one in found:
        if not re.fullmatch(_CLIENT_SITE, one.client_site) or not one.url.startswith("http://"):
            raise BadInputError(
                f"{one.client_site!r} at {one.url!r}: a client site is the value of a label, a url http://",
                key,
            )
    if len({one.client_site for one in found}) < len(found):
        raise BadInputError("a client site has two probes; leave one of them out", key)
    return found


_READERS: Mapping[Any, Callable[[str, str], Any]] = {
    str: _text,
    tuple[MoveBudget, ...]: _budgets,
    tuple[str, ...]: _names,
    tuple[ProbeAddress, ...]: _probes,
    bool: _truth,
    ModelsAfterwards: _afterwards,
}
"""How fields of a type are read; all others are numbers."""
