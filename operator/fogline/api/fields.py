r"""What the fields of the API are built from: the base of all objects, and strings and numbers with bounds.

Patterns end in ``\Z`` because ``$`` in Python also matches before a trailing line feed; the schema says
``$``, which means to the API server what ``\Z`` means here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

DOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
"""What Kubernetes calls a DNS subdomain; at most 253 characters."""
NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
"""The value of a label, and what stands behind the domain in its key."""
LABEL_KEY = rf"^({DOMAIN}/)?{NAME}\Z"
DECIMAL = r"^[0-9]{1,9}(\.[0-9]{1,9})?\Z"
QUANTITY = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?\Z"


def schema_pattern(pattern: str) -> str:
    r"""Write a pattern as the API server (RE2) reads it: ``$`` for the ``\Z`` at the end."""
    return pattern.removesuffix(r"\Z") + "$"


class ApiObject(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of every object of the API: immutable, named in camelCase on the wire, silent about defaults."""


Replicas = Annotated[int, Meta(ge=0, le=1000)]
Milliseconds = Annotated[int, Meta(ge=1, le=600_000)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Percentage = Annotated[str, Meta(max_length=4, pattern=r"^([0-9]|[1-9][0-9]|100)%\Z")]
Count = Annotated[int, Meta(ge=0, le=2_147_483_647)]
LongCount = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]

DecimalText = Annotated[str, Meta(max_length=19, pattern=DECIMAL)]
"""A decimal string, because the API has no floats."""
Usd = DecimalText
"""US dollars; `fogline.units.parse_usd` reads them."""

Quantity = (
    Annotated[int, Meta(ge=0, le=1_000_000_000_000_000)]
    | Annotated[str, Meta(max_length=32, pattern=QUANTITY)]
)
Quantities = Annotated[Mapping[str, Quantity], Meta(max_length=16)]

_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_MOMENT = rf"^[1-9][0-9]{{3}}(-[0-9]{{2}}){{2}}T{_HOUR}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{_HOUR})$"
Moment = Annotated[datetime, Meta(tz=True, extra_json_schema={"pattern": _MOMENT})]
"""A time that a user writes. The format date-time of an API server takes more than a datetime holds."""

LabelValue = Annotated[str, Meta(max_length=63, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")]
LabelValueOrEmpty = Annotated[
    str, Meta(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?\Z")
]
ObjectName = Annotated[str, Meta(max_length=253, pattern=rf"^{DOMAIN}\Z")]
"""Name of an object, such as a Secret."""
ModelDeploymentName = Annotated[str, Meta(max_length=61, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?\Z")]
"""Also the name of a Service and the start of the names of Deployments."""
ModelTrainingName = Annotated[str, Meta(max_length=40, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?\Z")]
"""Also the start of the names of Jobs and Services, and of host names of pods."""
VariantName = Annotated[str, Meta(max_length=20, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")]
WireName = Annotated[str, Meta(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?\Z")]
"""Name of a model in requests of the TensorFlow Serving API."""
Image = Annotated[str, Meta(max_length=512, pattern=r"^[A-Za-z0-9][-A-Za-z0-9._:/@]*\Z")]
ArtifactUri = Annotated[str, Meta(max_length=1024, pattern=r"^(s3|gs|https|pvc|oci)://[A-Za-z0-9][!-~]*\Z")]
FileUri = Annotated[str, Meta(max_length=1024, pattern=r"^(s3|gs|https|pvc)://[A-Za-z0-9][!-~]*\Z")]
"""Where one file is."""
FolderUri = Annotated[str, Meta(max_length=900, pattern=r"^(s3|gs|pvc)://[A-Za-z0-9][!-~]*\Z")]
"""Where files are written; with some room for what comes behind it."""
Sha256 = Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]{64}\Z")]

TensorName = Annotated[str, Meta(max_length=63, pattern=r"^[A-Za-z][A-Za-z0-9_]*\Z")]
"""Name of an input or output of a model."""
FieldName = Annotated[str, Meta(max_length=253, pattern=r"^[!-~]([ -~]*[!-~])?\Z")]
"""Name of an array, of a feature or of a column."""
ModuleName = Annotated[
    str, Meta(max_length=253, pattern=r"^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*\Z")
]
"""Name of a Python module, as import writes it."""
ModuleFile = Annotated[str, Meta(max_length=253, pattern=r"^[A-Za-z0-9_][-A-Za-z0-9_.]*[.]py\Z")]
"""Key of a ConfigMap that holds a Python module."""
Seed = Annotated[int, Meta(ge=0, le=2_147_483_647)]

AS_SET = Meta(extra_json_schema={"x-kubernetes-list-type": "set"})
AS_ATOMIC = Meta(extra_json_schema={"x-kubernetes-list-type": "atomic"})


def as_map(key: str) -> Meta:
    """Mark a list whose items are told apart by one field, which the API server keeps unique."""
    return Meta(extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]})
