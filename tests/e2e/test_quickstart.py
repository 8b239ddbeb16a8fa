"""The quickstart: the commands of the page, one after the other, on real nodes."""

import json
import re
import shutil
from pathlib import Path

from dev.paths import KIND_KUBECONFIG, ROOT
from dev.programs import program
from dev.store import StoreCredentials, reader_secret
from tests.support.doc_commands import blocks, run
from tests.support.kubectl import Kubectl

SIX = 6
RELEASED = re.compile(r'artifact: \{uri: "https://[^"]*/digits\.tflite"\}')
IN_THE_STORE = "artifact: {uri: s3://models/digits/tflite/1, secretName: models-reader}"


def test_its_commands_lead_to_a_prediction(store: StoreCredentials, kubectl: Kubectl, tmp_path: Path) -> None:
    """The file of the release is taken from the store of the tests: no release can be reached here."""
    kubectl("apply", "--filename=-", manifest=reader_secret(store, "default"))
    said = {}
    for number, block in enumerate(blocks("kind")):
        folder = tmp_path / str(number)
        shutil.copytree(ROOT / "examples" / "quickstart", folder / "examples" / "quickstart")
        manifest = folder / "examples" / "quickstart" / "modeldeployment.yaml"
        text, found = RELEASED.subn(IN_THE_STORE, manifest.read_text())
        assert found
        manifest.write_text(text)
        said[block.text.split("\n")[0]] = run(block, folder, KIND_KUBECONFIG, kubectl=program("kubectl"))

    (answer,) = (printed for command, printed in said.items() if "predict" in command)
    (scores,) = json.loads(answer)["predictions"]
    assert max(range(10), key=scores.__getitem__) == SIX
    (explained,) = (printed for command, printed in said.items() if "get mdep" in command)
    assert "quickstart: 1 of 1 replicas are Ready" in explained
