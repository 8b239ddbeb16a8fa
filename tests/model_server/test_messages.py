"""The committed descriptor set."""

import subprocess
import sys

from tests.support.tiny_models import ROOT

GENERATE = ROOT / "images/model-server/protos/generate.py"


def test_the_descriptor_set_matches_the_proto_files() -> None:
    done = subprocess.run([sys.executable, GENERATE, "--verify"], timeout=60, check=False)
    assert done.returncode == 0
