"""Gated pods: decide, pin, open the gate."""

from fogline.placer.loop import Placer

__all__ = ["Placer"]
