"""The Eviction API, as far as the PodDisruptionBudgets of models go: a number of replicas that must stay."""

from tests.support.changes import key_of
from tests.support.memory_cluster.pods import is_alive, is_ready, with_condition
from tests.support.memory_cluster.store import Store

from fogline.cluster.documents import Document
from fogline.cluster.kinds import POD_DISRUPTION_BUDGETS, PODS
from fogline.errors import TooManyRequestsError
from fogline.names import MODEL_LABEL


def evict(store: Store, pod: Document) -> None:
    """Delete a pod if its budget allows it; one that is not Ready may always go.

    Raises
    ------
    TooManyRequestsError
        The budget needs it.
    """
    meta = pod["metadata"]
    model = meta["namespace"], meta.get("labels", {}).get(MODEL_LABEL, "")
    budget = store.find(POD_DISRUPTION_BUDGETS, model)
    if budget and is_ready(pod):
        needed = budget["spec"]["minAvailable"]
        healthy = sum(is_ready(one) and is_alive(one) for one in store.all_of(model))
        if healthy <= needed:
            text = f"the disruption budget {model[1]} needs {needed} healthy pods and has {healthy}"
            raise TooManyRequestsError("TooManyRequests", text)
    status = with_condition(pod["status"], "DisruptionTarget", "True", reason="EvictionByEvictionAPI")
    store.change(PODS, key_of(pod), status=status)
    store.delete(PODS, key_of(pod))
