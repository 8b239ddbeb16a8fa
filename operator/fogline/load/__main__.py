"""Carry out a job that lies in a file, and print what came of it in one line of JSON."""

import sys
from pathlib import Path

from fogline.load.job import to_json, unpack
from fogline.load.run import carry_out

if __name__ == "__main__":
    print(to_json(carry_out(unpack(Path(sys.argv[1]).read_bytes()))), flush=True)  # noqa: T201  how a pod answers
