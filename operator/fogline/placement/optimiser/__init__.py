"""The global optimiser: one plan for all models together, with a bound of what no plan can beat.

It alone needs HiGHS (``pip install 'fogline[optimiser]'``).
"""

from fogline.placement.objective import MOVE_COST
from fogline.placement.optimiser.optimise import optimise

__all__ = ["MOVE_COST", "optimise"]
