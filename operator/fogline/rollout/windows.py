"""When edge nodes may take a new version."""

from datetime import datetime

from cronsim import CronSim

from fogline.api import Rollout
from fogline.disruption.budgets import window_end


def is_open(rules: Rollout, now: datetime) -> bool:
    """Tell whether edge nodes may begin to take a new version now."""
    windows = rules.edge.windows
    return windows is None or any(window_end(one, now) for one in windows)


def seconds_to_opening(rules: Rollout, now: datetime) -> float:
    """Tell how long it is until a window opens; 0 while one is open."""
    if is_open(rules, now):
        return 0.0
    return min((next(CronSim(one.schedule, now)) - now).total_seconds() for one in rules.edge.windows or ())
