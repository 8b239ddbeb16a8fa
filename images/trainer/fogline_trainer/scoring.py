"""How good scores are. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.run_document import Evaluation, Parity

Scores = NDArray[Any]
"""One row of probabilities for each sample."""


def accuracy(scores: Scores, labels: NDArray[np.int32]) -> float:
    """Return the share of samples whose class has the highest score, from 0 to 1; NaN never counts."""
    right = (scores.argmax(axis=1) == labels) & np.isfinite(scores).all(axis=1)
    return float(right.mean())


def agreement_percent(scores: Scores, others: Scores) -> float:
    """Return the share of samples for which both name the same class, in percent; NaN agrees with nothing."""
    same = (scores.argmax(axis=1) == others.argmax(axis=1)) & np.isfinite(others).all(axis=1)
    return 100 * float(same.mean())


def check_gate(value: float, evaluation: Evaluation) -> None:
    """Let a network through that is good enough.

    Raises
    ------
    RefusedError
        GateRefused.
    """
    minimum = evaluation.minimum
    if minimum is not None and not value >= float(minimum):
        raise RefusedError(
            Reason.GATE_REFUSED,
            f"{evaluation.metric} on the test split is {value:.4f}, at least {minimum} is asked for: "
            "nothing is "
            "published; train longer, change the network, or lower evaluation.minimum",
        )


def check_parity(
    form: str, scores: Scores, expected: Scores, labels: NDArray[np.int32], parity: Parity
) -> None:
    """Let a form through that says what the network says.

    Parameters
    ----------
    scores, expected
        Of the form, and of the network.

    Raises
    ------
    RefusedError
        ParityRefused.
    """
    agreement = agreement_percent(expected, scores)
    lost = accuracy(expected, labels) - accuracy(scores, labels)
    if agreement < float(parity.min_agreement_percent) or lost > float(parity.max_metric_loss):
        raise RefusedError(
            Reason.PARITY_REFUSED,
            f"the form {form} names the class of the network for {agreement:.2f} % of the test samples (at "
            "least "
            f"{parity.min_agreement_percent} is asked for) and loses {lost:.4f} of the metric (at most "
            f"{parity.max_metric_loss}): nothing is published; leave the form out of export.forms, give it "
            "more "
            "calibration samples, or change export.parity",
        )
