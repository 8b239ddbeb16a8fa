"""What model servers report, collected and held against what was decided; it decides nothing.

A process of its own, small, with rights to read and to write measured latencies alone.
"""
