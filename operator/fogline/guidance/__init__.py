"""What each reason means and what to do about it, in words for people."""

from collections.abc import Mapping

from fogline.conditions import Reason
from fogline.guidance.advice import Guidance
from fogline.guidance.judgements import (
    CONDITION_REASONS,
    CONDITIONS,
    PROFILE_CONDITION_REASONS,
    PROFILE_CONDITIONS,
    REASONS_OF_ALL_CONDITIONS,
)
from fogline.guidance.news import CAUSES_OF_MOVES, EVENT_REASONS, EVENTS
from fogline.guidance.refusals import REFUSALS
from fogline.guidance.states import PROFILE_STATES, STATES
from fogline.guidance.trainings import (
    TRAINING_CONDITION_REASONS,
    TRAINING_CONDITIONS,
    TRAINING_FAULTS,
    TRAINING_STATES,
)

__all__ = [
    "CONDITIONS",
    "CONDITION_REASONS",
    "EVENT_REASONS",
    "GUIDANCE",
    "PROFILE_CONDITIONS",
    "PROFILE_CONDITION_REASONS",
    "REASONS_OF_ALL_CONDITIONS",
    "REFUSAL_REASONS",
    "TRAINING_CONDITIONS",
    "TRAINING_CONDITION_REASONS",
    "TRAINING_FAULTS",
    "Guidance",
]

REFUSAL_REASONS = tuple(REFUSALS)
"""Why a node is refused, in the order in which a user should hear of it."""

GUIDANCE: Mapping[Reason, Guidance] = {
    **REFUSALS,
    **STATES,
    **PROFILE_STATES,
    **TRAINING_STATES,
    **TRAINING_FAULTS,
    **CAUSES_OF_MOVES,
    **EVENTS,
}
"""Of every reason."""
