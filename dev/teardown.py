"""Leave nothing: no cluster, process, network, mount or container, and no state in the checkout."""

import shutil
import sys

from dev import controlplane, engine, kind
from dev.paths import RUN, cache_home


def down() -> None:
    """Remove every cluster that was made from this checkout and the engine if it was started here.

    Raises
    ------
    DevError
        Something does not end or cannot be removed.
    """
    for name in controlplane.names():
        controlplane.remove(name)
    found = engine.find_or_revive()
    if found is not None:
        kind.down(found)
    engine.end()
    shutil.rmtree(RUN, ignore_errors=True)
    print(f"all is down; built programs and images are kept in {cache_home()}", file=sys.stderr)
