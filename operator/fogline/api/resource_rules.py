"""Rules on the room that a replica takes: what the API server would refuse in the Deployment of a variant.

They say what Kubernetes checks in the resources of a container (``ValidateContainerResourceRequirements`` in
kubernetes/kubernetes ``pkg/apis/core/validation/validation.go``), so that the user hears of it at once.
"""

import re
from decimal import Decimal
from typing import Any

from fogline.api.fields import DOMAIN, NAME, schema_pattern
from fogline.api.rule import Rule
from fogline.api.variants import Resources
from fogline.units import MOST, parse_quantity

_PAGES = "hugepages-"
_RESOURCE = rf"^(cpu|memory|ephemeral-storage|{_PAGES}[1-9][0-9]{{0,8}}[KMG]i|{DOMAIN}/{NAME})\Z"
_RESERVED = rf"^(requests[.]|{_PAGES}.*/)"
"""Kubernetes takes these for what they are not: quotas and pages."""
_MAX_DOMAIN_CHARACTERS = 244
"""Of a quota on the resource, ``requests.<name>``, Kubernetes wants at most 253 before the slash."""

_NAMES_CEL = (
    f"all(k, k.indexOf('/') <= {_MAX_DOMAIN_CHARACTERS} &&\n  k.matches(r'{schema_pattern(_RESOURCE)}')"
    f" && !k.matches('{_RESERVED}'))"
)
_COUNTED_CEL = f"(k.startsWith('{_PAGES}') || k.contains('/') && !k.contains('kubernetes.io/'))"
_REQUEST_CEL = "quantity(string(dyn(self.requests)[k]))"
_LIMIT_CEL = "quantity(string(dyn(self.limits)[k]))"
"""Without ``dyn`` Kubernetes 1.30 takes what is an integer or a string for megabytes, and the rule for too
costly: it overlooks its maxLength."""
_COUNT_CEL = f"{_LIMIT_CEL}.asApproximateFloat()"
_PAGE_CEL = f"quantity(k.substring({len(_PAGES)}))"
_NAMES_MESSAGE = (
    f"a resource is cpu, memory, ephemeral-storage, {_PAGES}<size> such as {_PAGES}2Mi, or it has a domain, "
    "such as nvidia.com/gpu"
)


def _are_resources(quantities: Any) -> bool:
    return all(
        key.find("/") <= _MAX_DOMAIN_CHARACTERS and re.match(_RESOURCE, key) and not re.match(_RESERVED, key)
        for key in quantities or ()
    )


def _is_counted(resource: str) -> bool:
    """Tell whether a resource is given out as a whole and only once: an extended one, or huge pages."""
    is_extended = "/" in resource and "kubernetes.io/" not in resource
    return is_extended or resource.startswith(_PAGES)


def _requests_within_limits(resources: Resources) -> bool:
    requests, limits = resources.requests or {}, resources.limits or {}
    return all(
        parse_quantity(requests[name]) <= parse_quantity(limits[name])
        for name in requests.keys() & limits.keys()
    )


def _counted_requests_are_limits(resources: Resources) -> bool:
    requests, limits = resources.requests or {}, resources.limits or {}
    return all(
        name in limits and parse_quantity(requests[name]) == parse_quantity(limits[name])
        for name in filter(_is_counted, requests)
    )


def _counted_are_whole(resources: Resources) -> bool:
    return all(
        _is_whole(parse_quantity(quantity))
        and (not name.startswith(_PAGES) or _is_full_of_pages(name, quantity))
        for name, quantity in (resources.limits or {}).items()
        if _is_counted(name)
    )


def _is_whole(amount: Decimal) -> bool:
    return amount <= MOST and float(amount).is_integer()


def _is_full_of_pages(name: str, quantity: str | int) -> bool:
    return parse_quantity(quantity) % parse_quantity(name.removeprefix(_PAGES)) == 0


def _pages_have_company(resources: Resources) -> bool:
    limits = resources.limits or {}
    given = limits.keys() | (resources.requests or {}).keys()
    return not any(name.startswith(_PAGES) for name in limits) or not given.isdisjoint({"cpu", "memory"})


RESOURCE_RULES: tuple[Rule[Any], ...] = (
    Rule(
        on=Resources,
        field="requests",
        message=_NAMES_MESSAGE,
        cel=f"!has(self.requests) || self.requests.{_NAMES_CEL}",
        holds=lambda resources: _are_resources(resources.requests),
    ),
    Rule(
        on=Resources,
        field="limits",
        message=_NAMES_MESSAGE,
        cel=f"!has(self.limits) || self.limits.{_NAMES_CEL}",
        holds=lambda resources: _are_resources(resources.limits),
    ),
    Rule(
        on=Resources,
        field="requests",
        message="a request must not exceed the limit of the same resource",
        cel="!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) ||\n"
        f"  {_REQUEST_CEL}.compareTo(\n  {_LIMIT_CEL}) <= 0)",
        holds=_requests_within_limits,
    ),
    Rule(
        on=Resources,
        field="requests",
        message=f"resources with a domain, and {_PAGES}<size>, cannot be overcommitted: write the same in "
        "limits, or write them in limits alone",
        cel=f"!has(self.requests) || self.requests.all(k, !{_COUNTED_CEL} ||\n"
        "  has(self.limits) && k in self.limits &&\n"
        f"  {_REQUEST_CEL}.compareTo(\n  {_LIMIT_CEL}) == 0)",
        holds=_counted_requests_are_limits,
    ),
    Rule(
        on=Resources,
        field="limits",
        message="a resource with a domain is a whole number, such as 1; "
        f"{_PAGES}<size> is a multiple of <size>, such as 512Mi",
        cel=f"!has(self.limits) || self.limits.all(k, !{_COUNTED_CEL} ||\n"
        f"  {_LIMIT_CEL}.compareTo(quantity('{MOST}')) <= 0 &&\n"
        f"  double(int({_COUNT_CEL})) ==\n  {_COUNT_CEL} && (!k.startsWith('{_PAGES}') ||\n"
        f"  isQuantity(k.substring({len(_PAGES)})) && int({_COUNT_CEL}) %\n"
        f"  int({_PAGE_CEL}.asApproximateFloat()) == 0))",
        holds=_counted_are_whole,
    ),
    Rule(
        on=Resources,
        field="limits",
        message=f"{_PAGES}<size> needs cpu or memory beside it",
        cel="!has(self.limits) || !self.limits.exists(k, k.startsWith('hugepages-')) ||\n"
        "  [has(self.requests) ? self.requests : {}, self.limits].exists(m, 'cpu' in m || 'memory' in m)",
        holds=_pages_have_company,
    ),
)
"""In the order in which a user should hear of them; each relies on those before it."""
