"""How good and how fast placement is: cost above the bound, extra rejections, seconds, memory, moves.

``python -m bench placement`` measures clusters that are made from a seed (`dev.instances`), against what one
would use instead, in the same run. ``python -m bench.placement FILE ...`` measures instances from files.
"""

from bench.placement.command import main

__all__ = ["main"]
