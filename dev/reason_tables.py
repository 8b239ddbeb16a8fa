"""The page about reasons: what each token means and what to do, from `fogline.guidance`."""

from collections.abc import Iterable, Iterator
from itertools import chain

from dev.markdown import table
from dev.paths import ROOT
from fogline.api import MoveReason
from fogline.conditions import Reason
from fogline.guidance import (
    CONDITION_REASONS,
    CONDITIONS,
    EVENT_REASONS,
    GUIDANCE,
    PROFILE_CONDITION_REASONS,
    PROFILE_CONDITIONS,
    REASONS_OF_ALL_CONDITIONS,
    REFUSAL_REASONS,
    TRAINING_CONDITION_REASONS,
    TRAINING_CONDITIONS,
)

PAGE = ROOT / "docs" / "troubleshooting.md"

INTRODUCTION = """\
<!-- Generated from operator/fogline/guidance.py by `make generate`; change it there. -->
# Troubleshooting by reason

Fogline says why in one CamelCase token. The same tokens stand in conditions, in `status.lastDecision`, in
Events, in the label `reason` of metrics, and in what `fogline plan` and `fogline explain` print. Look a token
up here; the message beside it has the numbers and the names.

- `kubectl get mdep` shows the reason of `Ready`; `kubectl describe mdep NAME` all conditions and Events.
- `fogline explain NAME` shows why each replica is where it is, or why no node takes it.
- `kubectl wait --for=condition=Ready mdep/NAME` waits for the whole.
"""
CONDITIONS_TEXT = """\
Every ModelDeployment has these conditions from the first pass of the operator on.
"""
ALL_CONDITIONS_TEXT = """\
Any condition may have one of these, and is then Unknown, or False where it is certain.
"""
PROFILES_TEXT = """\
What profiles say, and which of several counts: [nodes.md](nodes.md#nodeprofile).
"""
TRAININGS_TEXT = """\
`kubectl get mtrain` shows the reason of `Complete`, which is that of the step that failed if one did.
"""
REFUSALS_TEXT = """\
In the order in which you hear of them: rules of the model, state of the node, room, limits. They stand in
`status.lastDecision.rejections`, in the message of `Placed` and in the metric `fogline_rejections_total`.
"""
MOVES_TEXT = """\
They stand in `status.moves`, in Events and in the metric `fogline_moves_total`. A node that a replica is on
may also come to refuse it, for most of the reasons above. [moves.md](moves.md) has more.
"""
EVENTS_TEXT = """\
At the ModelDeployment, unless the note says otherwise; `kubectl events` shows them.
"""


def page() -> str:
    """Return the page."""
    shown: set[Reason] = set()

    def rows(reasons: Iterable[Reason]) -> str:
        return table(("reason", "means", "what to do"), _rows(reasons, shown))

    moves = [Reason(reason.value) for reason in MoveReason]
    parts = chain(
        (INTRODUCTION, "## Conditions of a ModelDeployment\n", CONDITIONS_TEXT),
        (_overview(),),
        *(
            (f"### {kind}\n", f"True: {CONDITIONS[kind]}.\n", rows(reasons))
            for kind, reasons in CONDITION_REASONS.items()
        ),
        ("### Any of them\n", ALL_CONDITIONS_TEXT, rows(REASONS_OF_ALL_CONDITIONS)),
        ("## Conditions of a NodeProfile\n", PROFILES_TEXT),
        *(
            (f"### {kind} of a NodeProfile\n", f"True: {PROFILE_CONDITIONS[kind]}.\n", rows(reasons))
            for kind, reasons in PROFILE_CONDITION_REASONS.items()
        ),
        ("## Conditions of a ModelTraining\n", TRAININGS_TEXT),
        *(
            (f"### {kind} of a ModelTraining\n", f"True: {TRAINING_CONDITIONS[kind]}.\n", rows(reasons))
            for kind, reasons in TRAINING_CONDITION_REASONS.items()
        ),
        ("## Why a node is refused\n", REFUSALS_TEXT, rows(REFUSAL_REASONS)),
        ("## Why a replica moves\n", MOVES_TEXT, rows(one for one in moves if one not in REFUSAL_REASONS)),
        ("## Events\n", EVENTS_TEXT, rows(EVENT_REASONS)),
    )
    return "\n".join(parts)


def _overview() -> str:
    rows = [
        (f"[`{kind}`](#{kind.lower()})", CONDITIONS[kind], ", ".join(f"`{reason}`" for reason in reasons))
        for kind, reasons in CONDITION_REASONS.items()
    ]
    return table(("condition", "True means", "reasons"), rows)


def _rows(reasons: Iterable[Reason], shown: set[Reason]) -> Iterator[tuple[str, str, str]]:
    """Give the rows of reasons; the first row of each, over the whole page, is the one that links lead to."""
    for reason in reasons:
        anchor = "" if reason in shown else f'<a id="{reason}"></a>'
        shown.add(reason)
        yield f"{anchor}`{reason}`", GUIDANCE[reason].meaning, GUIDANCE[reason].action
