"""Rules between the fields of a rollout."""

from decimal import Decimal
from typing import Any

from fogline.api.rollout import Rollout
from fogline.api.rule import Rule, at_most

_LIMITS = ("maxErrorRate", "maxLatencyRatio", "minAgreement")


def _is_share(text: str | None) -> bool:
    return text is None or Decimal(text) <= 1


def _ratio_is_no_less_than_one(rollout: Rollout) -> bool:
    return rollout.max_latency_ratio is None or Decimal(rollout.max_latency_ratio) >= 1


def _limits_have_a_canary(rollout: Rollout) -> bool:
    limits = (rollout.max_error_rate, rollout.max_latency_ratio, rollout.min_agreement)
    return rollout.canary_percent > 0 or not any(limits)


def _samples_go_with_agreement(rollout: Rollout) -> bool:
    return (rollout.samples is None) == (rollout.min_agreement is None)


ROLLOUT_RULES: tuple[Rule[Any], ...] = (
    Rule(
        on=Rollout,
        field="maxErrorRate",
        message='must be at most 1; write "0.01" for one request in a hundred',
        cel=at_most("maxErrorRate", "1"),
        holds=lambda rollout: _is_share(rollout.max_error_rate),
    ),
    Rule(
        on=Rollout,
        field="maxLatencyRatio",
        message='must be at least 1; write "1.5" for half as slow again',
        cel="!has(self.maxLatencyRatio) || quantity(self.maxLatencyRatio).compareTo(quantity('1')) >= 0",
        holds=_ratio_is_no_less_than_one,
    ),
    Rule(
        on=Rollout,
        field="minAgreement",
        message='must be at most 1; write "0.99" for 99 of a hundred answers',
        cel=at_most("minAgreement", "1"),
        holds=lambda rollout: _is_share(rollout.min_agreement),
    ),
    Rule(
        on=Rollout,
        field="samples",
        message="samples and minAgreement go together",
        cel="has(self.samples) == has(self.minAgreement)",
        holds=_samples_go_with_agreement,
    ),
    Rule(
        on=Rollout,
        field="canaryPercent",
        message=f"{', '.join(_LIMITS)} are about a canary: set canaryPercent above 0",
        # has() despite the default: the API server also tries the rule on the bare default of rollout, {}
        cel="(has(self.canaryPercent) && self.canaryPercent > 0) ||\n"
        f"  !({' || '.join(f'has(self.{limit})' for limit in _LIMITS)})",
        holds=_limits_have_a_canary,
    ),
)
