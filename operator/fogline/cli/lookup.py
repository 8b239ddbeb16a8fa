"""Finding what a user names, or telling what is there instead."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from fogline.api import ModelDeployment
from fogline.cli.inventory import Inventory
from fogline.cli.options import Named
from fogline.errors import BadInputError
from fogline.observe import model_key


def refuse_unknown(what: str, names: Iterable[str], known: Collection[str]) -> None:
    """Check that everything that is named is there.

    Raises
    ------
    BadInputError
        Something is not; the error names the closest.
    """
    for name in names:
        if name not in known:
            closest = get_close_matches(name, known, n=1, cutoff=0)
            hint = f"the closest name is {closest[0]}" if closest else f"there is no {what} at all"
            raise BadInputError(f"there is no {what} {name}; {hint}")


def find_model(found: Inventory, named: Named) -> ModelDeployment:
    """Find the ModelDeployment that a user names.

    Raises
    ------
    BadInputError
        There is none of this name; the error names the closest.
    """
    namespace = named.namespace or found.namespace
    own = {model.metadata.name: model for model in found.models if model_key(model).namespace == namespace}
    if named.name not in own:
        raise no_model(named.name, namespace, own)
    return own[named.name]


def no_model(name: str, namespace: str, known: Iterable[str]) -> BadInputError:
    """Say that there is no such ModelDeployment, and which there is."""
    closest = get_close_matches(name, list(known), n=1, cutoff=0)
    hint = f"the closest name is {closest[0]}" if closest else "there is none at all"
    return BadInputError(f"there is no ModelDeployment {name} in namespace {namespace}; {hint}")
