"""Objects as a broken operator would write them, and what is said against them."""

import copy
from collections.abc import Awaitable, Callable, Mapping

from fogline.cluster.documents import Document
from fogline.errors import ApiError
from fogline.names import CLEARANCE_LABEL

Mutant = Callable[[Document], Document]


def in_template(change: Callable[[Document], object]) -> Mutant:
    """Change the pod template of a copy."""

    def changed(good: Document) -> Document:
        made = copy.deepcopy(good)
        change(made["spec"]["template"])
        return made

    return changed


def terms_of(template: Document) -> list[Document]:
    """Find the required terms of node affinity."""
    affinity = template["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    found: list[Document] = affinity["nodeSelectorTerms"]
    return found


def without_demand(template: Document) -> None:
    """Let the second term demand no clearance."""
    expressions = terms_of(template)[1]["matchExpressions"]
    expressions[:] = [one for one in expressions if one["key"] != CLEARANCE_LABEL]


async def told(write: Awaitable[object]) -> str:
    """Carry a write out and give what is said against it; empty when it is taken."""
    try:
        await write
    except ApiError as error:
        return str(error)
    return ""


async def answers(
    good: Document,
    mutants: Mapping[str, tuple[Mutant, str]],
    write: Callable[[Document], Awaitable[object]],
) -> dict[str, str]:
    """Write every mutant; returns of each what was wanted if that was said, else what was said."""
    found: dict[str, str] = {}
    for name, (mutant, wanted) in mutants.items():
        said = await told(write(mutant(good)))
        found[name] = wanted if wanted in said else said
    return found
