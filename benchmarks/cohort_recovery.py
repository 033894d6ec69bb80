"""What the analyses find in simulated cohorts whose every effect is known, and what they find where there is none.

Planted cohorts: sensitivity for the direct effects, false-discovery rate, and coverage of the 95 % intervals, with
adjustment for age and site and without. Null cohorts (nothing planted, age and site still confound): share of cohorts
with any finding; clusters found; prediction against chance. Then clusters by how far the phenotypes lie apart.

    python benchmarks/cohort_recovery.py
    python benchmarks/cohort_recovery.py --cohorts 20 --searches 2
    python benchmarks/cohort_recovery.py --cohorts 0 --searches 20      # the second table alone

prints the tables of docs/reference/cohort-recovery.md. The goals: false-discovery rate at or below 5 % with adjustment,
coverage 93 to 97 %, in null cohorts no more findings than the false-discovery rate allows, no clusters, prediction at
chance.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from lumbomics.analyse.association import associate
from lumbomics.analyse.phenotype import find_phenotypes
from lumbomics.analyse.prediction import predict
from lumbomics.analyse.tables import long_table, wide_table
from lumbomics.phantom.cohort import Effects, SimulatedCohort, planted_pairs, simulate_cohort

ADJUST = ("age", "site")
SEPARATIONS = (0.0, 2.0, 3.0, 4.0, 5.0)


@dataclass(frozen=True)
class Look:
    """One search in one cohort."""

    findings: int
    false: int
    direct_found: int
    direct: int
    phenotype_found: int
    phenotype: int
    covered: int
    intervals: int


def first_visit(cohort: SimulatedCohort) -> pd.DataFrame:
    """One row a participant: the first reader's values and the scores of the first visit."""
    rows = cohort.measurements
    table = long_table(rows[(rows["session_id"] == "pre") & (rows["rater"] == "R1")])
    scores = cohort.visits[cohort.visits["session_id"] == "pre"]
    return scores.merge(wide_table(table, rows=("participant",)), left_on="participant_id", right_index=True)


def look(table: pd.DataFrame, pairs: pd.DataFrame, adjust: tuple[str, ...]) -> Look:
    """Search all pairs and compare with what was planted."""
    found = associate(
        table, biomarkers=list(pairs["biomarker"].unique()), scores=list(pairs["score"].unique()), adjust=adjust
    )
    rows = found.to_frame().merge(pairs, on=["biomarker", "score"], validate="one_to_one")
    kind, finding = rows["kind"], rows["finding"].astype(bool)
    inside = (rows["beta_low"] <= rows["slope_measured"]) & (rows["slope_measured"] <= rows["beta_high"])
    exact = kind != "phenotype"
    return Look(
        findings=int(finding.sum()),
        false=int((finding & (kind == "null")).sum()),
        direct_found=int((finding & (kind == "direct")).sum()),
        direct=int((kind == "direct").sum()),
        phenotype_found=int((finding & (kind == "phenotype")).sum()),
        phenotype=int((kind == "phenotype").sum()),
        covered=int((inside & exact).sum()),
        intervals=int(exact.sum()),
    )


def share(count: int, of: int) -> str:
    """Percent with Wilson's 95 % interval."""
    low, high = stats.binomtest(count, of).proportion_ci(method="wilson") if of else (np.nan, np.nan)
    return f"{100 * count / of:.1f} % [{100 * low:.1f}, {100 * high:.1f}]" if of else "none"


def told(looks: list[Look], name: str) -> list[str]:
    """Lines of the table of one kind of search."""

    def total(field: str) -> int:
        return sum(getattr(one, field) for one in looks)

    proportions = np.array([one.false / max(one.findings, 1) for one in looks])
    error = proportions.std(ddof=1) / np.sqrt(len(looks))
    lines = []
    if total("direct"):
        lines.append(f"| {name} | direct effects found | {share(total('direct_found'), total('direct'))} |")
        lines.append(f"| {name} | marks of a phenotype found | {share(total('phenotype_found'), total('phenotype'))} |")
    any_false = sum(one.false > 0 for one in looks)
    return [
        *lines,
        f"| {name} | false-discovery rate | {100 * proportions.mean():.1f} % ± {100 * error:.1f} |",
        f"| {name} | cohorts with a false finding | {share(any_false, len(looks))} |",
        f"| {name} | intervals that hold the truth | {share(total('covered'), total('intervals'))} |",
    ]


def by_phenotype_marks(cohort: SimulatedCohort) -> tuple[pd.DataFrame, list[str]]:
    """One row a participant, each biomarker's mean over levels and sides without its scanner's, and their names."""
    table = first_visit(cohort)
    stems = sorted({name.split("/")[0] for name in planted_pairs(cohort.effects)["biomarker"]})
    means = {stem: table.filter(regex=rf"^{stem}(/|$)").mean(axis=1) for stem in stems}
    wide = pd.DataFrame({"participant": table["participant_id"].to_numpy(), **means})
    for stem in stems:  # scanners are no phenotypes
        wide[stem] -= wide.groupby(table["site"].to_numpy())[stem].transform("mean")
    return wide, stems


def cluster(cohorts: list[SimulatedCohort]) -> tuple[list[int], list[float]]:
    """Numbers of clusters, and their agreement with the planted phenotypes where any were found."""
    clusters, alike = [], []
    for number, cohort in enumerate(cohorts):
        wide, stems = by_phenotype_marks(cohort)
        found = find_phenotypes(wide, features=stems, clusters=(2, 3, 4), nulls=39, bootstrap=30, seed=number)
        clusters.append(found.clusters)
        if found.clusters:
            alike.append(adjusted_rand_score(cohort.participants["phenotype"], found.labels().to_numpy()))
    return clusters, alike


def foretell(cohorts: list[SimulatedCohort]) -> tuple[list[float], list[float]]:
    """AUC of predicting the response, and its p in the permutation test."""
    aucs, chances = [], []
    for number, cohort in enumerate(cohorts):
        wide, stems = by_phenotype_marks(cohort)
        wide["responder"] = cohort.participants["responder"].to_numpy().astype(float)
        made = predict(wide, outcome="responder", features=stems, repeats=1, bootstrap=20, permutations=19, seed=number)
        aucs.append(made.estimate("auc")[0])
        chances.append(made.permutation.p if made.permutation else np.nan)
    return aucs, chances


def counted(clusters: list[int]) -> str:
    """How often each number of clusters was found."""
    return ", ".join(f"{clusters.count(k)} with {k}" for k in sorted(set(clusters)))


def distances(searches: int, n: int) -> None:
    """Clusters by the distance of the planted phenotypes, in SD of each biomarker that marks them."""
    print("\n| distance of the phenotypes, SD | clusters found | adjusted Rand index, mean (least) |\n|---|---|---|")
    for separation in SEPARATIONS:
        effects = Effects(separation=separation)
        cohorts = [simulate_cohort(n, seed=20_000 + seed, effects=effects) for seed in range(searches)]
        clusters, alike = cluster(cohorts)
        index = f"{np.mean(alike):.2f} ({np.min(alike):.2f})" if alike else "-"
        print(f"| {separation:.1f} | {counted(clusters)} | {index} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=200, help="cohorts with effects, and as many without")
    parser.add_argument("--searches", type=int, default=20, help="of these, in how many to cluster and predict")
    parser.add_argument("--n", type=int, default=200, help="participants of a cohort")
    args = parser.parse_args()
    if args.cohorts:
        print("| cohorts | what | result |\n|---|---|---|")
        for name, effects, start in (("planted", Effects(), 0), ("null", Effects.none(), 10_000)):
            tell(name, effects, range(start, start + args.cohorts), args.searches, args.n)
    distances(args.searches, args.n)


def tell(name: str, effects: Effects, seeds: range, searches: int, n: int) -> None:
    """Print the rows of one kind of cohort."""
    pairs, adjusted, bare, kept = planted_pairs(effects), [], [], []
    for seed in seeds:
        cohort = simulate_cohort(n, seed=seed, effects=effects)
        table = first_visit(cohort)
        adjusted.append(look(table, pairs, ADJUST))
        bare.append(look(table, pairs, ()))
        kept += [cohort] if len(kept) < searches else []
    print("\n".join([*told(adjusted, f"{name}, adjusted"), *told(bare, f"{name}, not adjusted")]), flush=True)
    clusters, alike = cluster(kept)
    aucs, chances = foretell(kept)
    below = int(np.sum(np.array(chances) <= 0.05))
    print(f"| {name} | clusters, of {len(kept)} cohorts | {counted(clusters)} |")
    if alike:
        print(f"| {name} | adjusted Rand index with the planted phenotypes | mean {np.mean(alike):.2f} |")
    print(f"| {name} | AUC of predicting the response | mean {np.mean(aucs):.3f}, SD {np.std(aucs, ddof=1):.3f} |")
    print(f"| {name} | permutation p at or below 0.05 | {below} of {len(kept)} |", flush=True)


if __name__ == "__main__":
    main()
