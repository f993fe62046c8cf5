"""Every network and forest on one square of Flanders: `python -m benchmarks.accuracy.network_comparison`.

What was done is kept in --cache, so that an interrupted run goes on where it stopped, and `--part 1/2` beside
`--part 2/2` shares the work between two processes. Once all is done the tables are printed and written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.lib.places import CACHE, DATA, RESULTS, places
from crop_classifier_plugin.engine.experiments.network_comparison.runs import runs
from crop_classifier_plugin.engine.experiments.network_comparison.study import TITLE, run_all, section, tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE / "networks")
    parser.add_argument("--only", default="", help="names of entrants, with commas")
    parser.add_argument("--part", default="1/1", help="which share of the runs, as 1/2")
    parser.add_argument("--now", action="store_true", help="do nothing but the tables, of what there is")
    given = parser.parse_args()
    if given.now:
        write_page(tables(list(runs()), given.cache))
        return
    torch.set_num_threads(1)
    part, parts = map(int, given.part.split("/"))
    wanted = [r for r in runs() if not given.only or r.entrant.name in given.only.split(",")]
    with places(given.data) as here:
        run_all(wanted[part - 1 :: parts], here, given.cache, print)
        if all(run.file(given.cache).exists() for run in runs()):
            write_page(section(here, given.cache, print))


def write_page(lines: list[str]) -> None:
    """Prints the tables and puts them into accuracy.md, in the place of older ones."""
    print("\n".join(lines))
    page = RESULTS / "accuracy.md"
    older = page.read_text(encoding="utf-8").partition(TITLE)[0]
    page.write_text(older + "\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
