"""``fogline doctor`` on a complete installation: whole, and with a part that somebody has deleted."""

import json

from dev.engine import Engine
from dev.install import install_operator
from dev.paths import KIND_KUBECONFIG
from tests.support.kubectl import Kubectl
from tests.support.live_cli import fogline_on

POLICY = "fogline-pod-clearance"


async def problems() -> list[tuple[str, str, str, str]]:
    """Give what is wrong: outcome, check, message and advice."""
    done = await fogline_on(KIND_KUBECONFIG)("doctor", "--output=json")
    found = [one for one in json.loads(done.stdout)["findings"] if one["outcome"] != "OK"]
    assert done.exit_code == any(one["outcome"] == "ERROR" for one in found)
    return [(one["outcome"], one["check"], one["message"], one["advice"]) for one in found]


async def test_nothing_is_wrong_with_an_installation_until_a_policy_is_deleted_and_its_advice_mends_that(
    docker: Engine, kubectl: Kubectl
) -> None:
    assert await problems() == []

    kubectl("delete", "validatingadmissionpolicy", POLICY)
    try:
        told = await problems()
    finally:
        install_operator(docker)

    message = f"{POLICY} is gone, so nothing Confidential or higher is placed"
    ((outcome, check, said, advice),) = told
    assert (outcome, check, said) == ("ERROR", "Admission policies", message)
    assert "helm upgrade" in advice
    assert await problems() == []
