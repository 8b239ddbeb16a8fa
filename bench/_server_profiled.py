"""Run the model server and write a profile when it ends: ``python bench/_server_profiled.py FILE [flags]``.

The clock is the processor time of the event loop's thread, which other processes do not disturb.
"""

import sys
import time
from cProfile import Profile

from fogline_model_server.__main__ import run

if __name__ == "__main__":
    profile = Profile(time.thread_time_ns, 1e-9)
    file = sys.argv.pop(1)
    profile.runcall(run)
    profile.dump_stats(file)
