"""Recall, precision and speed of the registry's deduplication on synthetic exports with known duplicates.

A pair counts as true when both records come from one report. Precision counts the pairs that the software merged on
its own; recall counts the pairs found after a reviewer who knows the truth answered the queue. Seeds below 3000 were
looked at while the comparison was written; the default seeds were not.

Run: OMP_NUM_THREADS=1 python benchmarks/registry_dedupe.py [--seeds 20] [--large 20000]
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections import Counter
from datetime import date
from itertools import combinations
from pathlib import Path

from lumbomics.registry.dedupe import Deduplication, deduplicate
from lumbomics.registry.parse import parse
from lumbomics.registry.record import Record

_PLACE = Path(__file__).parents[1] / "tests" / "registry" / "exports.py"


def _exports():
    spec = importlib.util.spec_from_file_location("exports", _PLACE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["exports"] = module
    spec.loader.exec_module(module)
    return module


def read_exports(seed: int, records: int) -> tuple[list[Record], dict[str, int]]:
    """Records of the three exports, and the report each truly is."""
    found, truth = [], {}
    for export in _exports().make_exports(seed, records=records):
        parsed = parse(export.content, batch=export.database.lower(), today=date(2025, 1, 1))
        if [r for r in parsed.records if r.id in truth] or len(parsed.records) != len(export.truth):
            raise RuntimeError(f"{export.file}: {len(parsed.records)} of {len(export.truth)} records were read")
        found += parsed.records
        truth |= dict(zip((r.id for r in parsed.records), export.truth, strict=True))
    return found, truth


def pairs(groups) -> set[tuple[str, str]]:
    """All pairs within the groups."""
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def true_pairs(truth: dict[str, int]) -> set[tuple[str, str]]:
    """All pairs of one report."""
    reports: dict[int, list[str]] = {}
    for record, report in truth.items():
        reports.setdefault(report, []).append(record)
    return pairs(reports.values())


def review(records: list[Record], truth: dict[str, int]) -> tuple[Deduplication, int]:
    """Answer the queue from the truth until it is empty; the result and the number of answers."""
    decided: dict[tuple[str, str], tuple[bool, str]] = {}
    result = deduplicate(records)
    while result.doubts:
        decided |= {d.pair: (truth[d.pair[0]] == truth[d.pair[1]], "reviewer") for d in result.doubts}
        result = deduplicate(records, decided)
    return result, len(decided)


def measure(seed: int, records: int, *, show: bool = False) -> Counter[str]:
    """Print what one seed gives; gives its counts."""
    found, truth = read_exports(seed, records)
    begin = time.process_time()
    first = deduplicate(found)
    seconds = time.process_time() - begin
    last, answers = review(found, truth)
    true, automatic, final = true_pairs(truth), pairs(first.groups), pairs(last.groups)
    wrong, certain = len(automatic - true), len(automatic & true)
    reports = len(set(truth.values()))
    print(f"seed {seed}: {len(found)} records, {reports} reports, {len(true)} true pairs, {seconds:.2f} s CPU")
    print(f"  merged by the software: {len(automatic)} pairs, {wrong} wrong: precision {certain / len(automatic):.4f}")
    print(
        f"  before review: recall {certain / len(true):.4f}; queue {len(first.doubts)}, {answers} answers until empty"
    )
    print(f"  after review: recall {len(final & true) / len(true):.4f}, precision {len(final & true) / len(final):.4f}")
    if show:
        by_id = {r.id: r for r in found}
        print(Counter(d.reason for d in first.doubts).most_common())
        for a, b in sorted(automatic - true) + sorted(true - final):
            print("WRONG " if (a, b) in automatic else "MISSED", *(f"\n   {by_id[x]}" for x in (a, b)))
    return Counter(
        true=len(true),
        merged=len(automatic),
        right=certain,
        queue=len(first.doubts),
        found=len(final & true),
        final=len(final),
    )


def tell(total: Counter[str], seeds: int) -> None:
    """Print all seeds taken together."""
    print(
        f"all {seeds} seeds: {total['merged']} pairs merged by the software, {total['merged'] - total['right']} wrong"
    )
    print(
        f"  precision {total['right'] / total['merged']:.4f}, recall before review {total['right'] / total['true']:.4f}"
    )
    print(
        f"  recall after review {total['found'] / total['true']:.4f}, {total['found'] / total['final']:.4f} precision"
    )
    print(f"  {total['queue'] / seeds:.0f} pairs in the queue of a seed")


def main() -> None:
    """Run all seeds and the large set."""
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--records", type=int, default=890)
    options.add_argument("--large", type=int, default=20000)
    options.add_argument("--show", action="store_true")
    chosen = options.parse_args()
    seeds = range(3000, 3000 + chosen.seeds)
    tell(sum((measure(seed, chosen.records, show=chosen.show) for seed in seeds), Counter()), chosen.seeds)
    if chosen.large:
        found, _ = read_exports(1, chosen.large)
        begin = time.process_time(), time.perf_counter()
        result = deduplicate(found)
        cpu, wall = time.process_time() - begin[0], time.perf_counter() - begin[1]
        print(f"{len(found)} records: {cpu:.1f} s CPU, {wall:.1f} s wall, {len(result.groups)} reports")


if __name__ == "__main__":
    main()
