"""The images of ours, and where in the kind cluster each is needed."""

import json
from collections.abc import Collection
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from dev import kind, topology
from dev.beside import beside
from dev.docker import ask
from dev.engine import Engine
from dev.errors import DevError
from dev.imagebuild import Image, ensure
from dev.paths import ROOT, RUN
from dev.steps import Step, step

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
IMPORT = ("ctr", "--namespace=k8s.io", "images", "import", "--local")
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
    workers = topology.workers(kind.configuration())
    there = {name: is_edge for name, is_edge in workers.items() if name in nodes}
    for image in chosen:
        _load(engine, image, [name for name, is_edge in there.items() if not (is_edge and image.cloud_only)])


def load_into(engine: Engine, name: str, node: str) -> None:
    """Load an image that was built into one more node of the kind cluster, unless it has it.

    Raises
    ------
    DevError
        It cannot be loaded.
    """
    (image,) = (image for image in IMAGES if image.name == name)
    _load(engine, image, [node])


def _image_id(engine: Engine, node: str, tag: str) -> str | None:
    try:
        answer = ask(engine, "exec", node, "crictl", "inspecti", tag)
    except DevError:  # crictl fails for an image that is not there
        return None
    return str(json.loads(answer)["status"]["id"])


def _load(engine: Engine, image: Image, nodes: list[str]) -> None:
    """Load an image into the nodes that do not hold it as it is now."""
    wanted = ask(engine, "image", "inspect", "--format", "{{.Id}}", image.tag).strip()
    missing = [node for node in nodes if _image_id(engine, node, image.tag) != wanted]
    if not missing:
        return
    with step(
        f"Load {image.name} into {len(missing)} nodes", advice="see whether all nodes run: `docker ps`"
    ) as loading:
        RUN.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=RUN) as folder:
            archive = Path(folder) / "image.tar"
            loading.run(
                ["docker", "save", "--output", archive, image.tag],
                env=engine.env,
                limit_seconds=LOAD_LIMIT_SECONDS,
            )
            loads = [beside(partial(_import, loading, engine, node, archive)) for node in missing]
            for wait in loads:
                wait()


def _import(loading: Step, engine: Engine, node: str, archive: Path) -> None:
    # as `kind load` does but for --local, without which it takes three times the processor time
    loading.run(
        ["docker", "exec", "--interactive", node, *IMPORT, "-"],
        env=engine.env,
        reads=archive,
        limit_seconds=LOAD_LIMIT_SECONDS,
    )
