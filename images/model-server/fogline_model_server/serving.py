"""What all front ends and the loader of models share."""

from fogline_model_server.catalog import Catalog


class Serving:
    """Holds what is served now.

    A catalog is an immutable value that is replaced as a whole, so a request that has read it once keeps what
    it has seen, in any thread.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
