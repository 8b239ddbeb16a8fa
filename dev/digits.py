"""The digits example on the kind cluster: its files made and published."""

import os
import sys
from pathlib import Path

from dev.cache import content_key, kept_folder
from dev.forward import forwarded
from dev.paths import ROOT
from dev.steps import step
from dev.store import NAMESPACE, REGION, StoreCredentials

EXAMPLE = ROOT / "examples" / "digits"
TRAIN_LIMIT_SECONDS = 300


def trained() -> Path:
    """Return the folder with the exported forms and the test images; train when its inputs changed.

    Raises
    ------
    DevError
        Training fails, or the forms do not agree.
    """

    def make(folder: Path) -> None:
        with step("Train and export digits", advice="run `make venv`, then the same again") as training:
            for module in ("train", "export"):
                training.run(
                    [sys.executable, "-m", f"examples.digits.{module}", "--out", folder],
                    cwd=ROOT,
                    limit_seconds=TRAIN_LIMIT_SECONDS,
                )
            code = "import sys; from pathlib import Path; from examples.digits.data import load, save; "
            code += "save(load()[1], Path(sys.argv[1]))"
            training.run([sys.executable, "-c", code, folder / "test.npz"], cwd=ROOT)

    key = content_key(*sorted(EXAMPLE.glob("*.py")), ROOT / "requirements" / "dev.lock")
    return kept_folder("digits", key, make)


def publish(folder: Path, credentials: StoreCredentials) -> None:
    """Upload the exported forms to the store of the cluster.

    Raises
    ------
    DevError
        The store does not answer or refuses.
    """
    advice = f"look at `kubectl --namespace {NAMESPACE} logs deployment/s3`"
    with step("Publish digits", advice=advice) as publishing, forwarded(NAMESPACE, "s3", 7070) as port:
        publishing.run(
            [sys.executable, "-m", "examples.digits.publish", "--out", folder],
            cwd=ROOT,
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": credentials.key_id,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
                "AWS_REGION": REGION,
            },
        )
