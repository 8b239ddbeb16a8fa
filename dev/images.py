"""The images of ours, and where in the kind cluster each is needed."""

import json
from collections.abc import Collection

from dev import kind, topology
from dev.docker import ask
from dev.engine import Engine
from dev.errors import DevError
from dev.imagebuild import Image, ensure
from dev.paths import ROOT
from dev.programs import released_or_built
from dev.steps import step

SERVER = ROOT / "images" / "model-server" / "fogline_model_server"
FETCHER = ROOT / "images" / "model-fetcher" / "fogline_model_fetcher"
TRAINER = ROOT / "images" / "trainer" / "fogline_trainer"

IMAGES = (
    Image("operator", "operator", package=ROOT / "operator" / "fogline", cloud_only=True),
    Image("model-fetcher", "model-fetcher", package=FETCHER),
    Image("model-server", "model-server", package=SERVER),
    Image("model-server-tensorflow", "model-server", package=SERVER, cloud_only=True),
    Image("trainer", "trainer", package=TRAINER, shares=(FETCHER, SERVER), cloud_only=True),
    Image("s3", "s3", program="versitygw", cloud_only=True),
    Image("metrics-server", "metrics-server", program="metrics-server", cloud_only=True),
)
NAMES = tuple(image.name for image in IMAGES)
LOAD_LIMIT_SECONDS = 600


def build_and_load(engine: Engine, names: Collection[str] = ()) -> None:
    """Build the images whose inputs have changed, and load what the nodes of a running kind cluster lack.

    Parameters
    ----------
    names
        Which images; all of them if empty.

    Raises
    ------
    DevError
        There is no image of such a name, or one cannot be built or loaded.
    """
    unknown = set(names) - set(NAMES)
    if unknown:
        raise DevError(f"no image is called {' or '.join(sorted(unknown))}", f"choose of {', '.join(NAMES)}")
    chosen = [image for image in IMAGES if image.name in names or not names]
    for image in chosen:
        ensure(engine, image)
    nodes = kind.nodes(engine)
    if not nodes:
        return
    for image in chosen:
        missing = _nodes_without(engine, image, nodes)
        if missing:
            _load(engine, image, missing)


def _nodes_without(engine: Engine, image: Image, nodes: list[str]) -> list[str]:
    """Return the nodes that should hold the image as it is now and do not."""
    wanted = ask(engine, "image", "inspect", "--format", "{{.Id}}", image.tag).strip()
    workers = topology.workers(kind.configuration())
    targets = [node for node, edge in workers.items() if node in nodes and not (edge and image.cloud_only)]
    return [node for node in targets if _image_id(engine, node, image.tag) != wanted]


def _image_id(engine: Engine, node: str, tag: str) -> str | None:
    try:
        answer = ask(engine, "exec", node, "crictl", "inspecti", tag)
    except DevError:  # crictl fails for an image that is not there
        return None
    return str(json.loads(answer)["status"]["id"])


def _load(engine: Engine, image: Image, nodes: list[str]) -> None:
    with step(
        f"Load {image.name} into {len(nodes)} nodes", advice="see whether all nodes run: `docker ps`"
    ) as loading:
        loading.run(
            [
                *(released_or_built("kind"), "load", "docker-image", image.tag),
                *("--name", topology.NAME, "--nodes", ",".join(nodes)),
            ],
            env=engine.env,
            limit_seconds=LOAD_LIMIT_SECONDS,
        )
