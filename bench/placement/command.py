"""The command line of the benchmark of placement."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from dev.instances import Instance

from bench.placement.files import FileInstance, assignment
from bench.placement.page import PAGE, fill_in
from bench.placement.results import Case
from bench.placement.suite import ALL_SIZES, run, run_files
from bench.placement.tables import case_table, summaries
from fogline.placement.optimiser.problem import Ints


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.placement", description=__doc__)
    parser.add_argument(
        "files", nargs="*", type=Path, help="instances to measure instead, placement-instance/1"
    )
    parser.add_argument("--out", type=Path, help="folder for the assignments of instances from files")
    parser.add_argument("--sizes", nargs="+", choices=ALL_SIZES, default=ALL_SIZES, help="only these")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--docs", action="store_true", help=f"write the figures into {PAGE.name}")
    found = parser.parse_args(list(arguments))
    if found.docs and (found.files or set(found.sizes) != set(ALL_SIZES)):
        parser.error("--docs needs a run of all sizes, without files")
    for path in (path for path in found.files if not path.is_file()):
        parser.error(f"there is no file {path}")

    def tell(instance: Instance | FileInstance, case: Case, rows: Ints) -> None:
        print(case_table(case).as_text(), "\n", flush=True)
        if found.out and isinstance(instance, FileInstance):
            text = json.dumps(assignment(instance, rows))
            (found.out / f"{instance.name}.json").write_text(text)

    results = run_files(found.files, tell) if found.files else run(found.sizes, tell)
    for table in summaries(results):
        print(table.as_text(), "\n")
    print(results.machine)
    if found.json:
        found.json.write_text(json.dumps(dataclasses.asdict(results), indent=1))
    if found.docs:
        fill_in(results)
