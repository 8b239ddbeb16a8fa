"""The Job whose pod sends load from a node, and the ConfigMap that it reads. Pure."""

import base64
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from fogline.errors import BadInputError
from fogline.objects.security import restricted

APP = "fogline-bench"
START_SECONDS = 120
"""For the image to come and the pod to start, within the deadline of the Job."""
KEEP_SECONDS = 60
"""After which the cluster itself deletes an ended Job, when nobody has."""
MOST_BYTES = 900_000
"""A ConfigMap takes 1 MiB (kubernetes.io/docs/concepts/configuration/configmap)."""
_FOLDER = "/bench"
_JOB_FILE = "job"
_USER_ID = 65532

Document = dict[str, Any]


def client_job(namespace: str, name: str, node: str, image: str, seconds: float) -> Document:
    """Build the Job: one pod, on one node, that is tried once and ends in time whatever becomes of us."""
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": _labels()},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": START_SECONDS + math.ceil(seconds),
            "ttlSecondsAfterFinished": KEEP_SECONDS,
            "template": {
                "metadata": {"labels": _labels()},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 1,
                    "affinity": {
                        "nodeAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}
                        }
                    },
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER_ID,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "client",
                            "image": image,
                            "imagePullPolicy": "IfNotPresent",
                            # the folder comes first on the path of modules, whatever the image has
                            "command": ["python3", "-m", "fogline.load", _JOB_FILE],
                            "workingDir": _FOLDER,
                            "resources": {
                                "requests": {"cpu": "50m", "memory": "64Mi"},
                                "limits": {"memory": "512Mi"},
                            },
                            "securityContext": restricted(),
                            "volumeMounts": [{"name": "bench", "mountPath": _FOLDER, "readOnly": True}],
                        }
                    ],
                    "volumes": [{"name": "bench", "configMap": {"name": name, "items": _items()}}],
                },
            },
        },
    }


def client_files(job: Mapping[str, Any], packed: bytes) -> Document:
    """Build the ConfigMap of a Job that exists; it goes with the Job.

    Raises
    ------
    BadInputError
        The inputs are too large for one.
    """
    if len(packed) > MOST_BYTES:
        raise BadInputError(
            f"the inputs take {len(packed):,} bytes packed, and a pod can be given {MOST_BYTES:,}:"
            " give fewer rows"
        )
    meta = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "labels": _labels(),
            "ownerReferences": [owner],
        },
        "data": {key: files("fogline").joinpath(path).read_text() for key, path in _modules().items()},
        "binaryData": {_JOB_FILE: base64.b64encode(packed).decode()},
    }


def _items() -> list[Document]:
    modules = [{"key": key, "path": f"fogline/{path}"} for key, path in _modules().items()]
    return [*modules, {"key": _JOB_FILE, "path": _JOB_FILE}]


def _modules() -> dict[str, str]:
    """Give the modules that the pod needs, by key of the ConfigMap: the client, and the package around it."""
    own = sorted(
        one.name for one in files("fogline.load").iterdir() if one.name.endswith(".py") and one.is_file()
    )
    return {"__init__.py": "__init__.py", **{f"load.{name}": f"load/{name}" for name in own}}


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/name": APP, "app.kubernetes.io/managed-by": "fogline"}
