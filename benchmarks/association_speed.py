"""Speed and digits of the association screen against a loop over statsmodels OLS, in one run.

1,000 patients x 2,000 biomarkers x 10 scores with 5 covariates (one of them words), without and with 10 % of the values
missing. The loop fits a random subset of the same pairs and is scaled to all of them; every number of these pairs is
compared: slope, standard error, p, limits, rows.

    python benchmarks/association_speed.py
    python benchmarks/association_speed.py --biomarkers 200 --pairs 50

prints seconds of wall clock and of processor, their ratios, and the largest relative difference. The goals: under 10 s
on two cores, at least 50 times faster, equal to 1e-8.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
import statsmodels.api as sm

from lumbomics.analyse.association import Associations, associate

ADJUST = ["age", "sex", "bmi", "site", "months"]
COLUMNS = ["beta", "se", "statistic", "p", "beta_low", "beta_high", "n"]


def make_table(n: int, biomarkers: int, scores: int, *, gaps: float, seed: int) -> pd.DataFrame:
    """Biomarkers ``b*`` and scores ``s*`` that share age; a few pairs are linked."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "participant_id": [f"sub-{i:05d}" for i in range(n)],
            "age": rng.normal(55, 12, n),
            "sex": rng.choice(["f", "m"], n),
            "bmi": rng.normal(27, 4, n),
            "site": rng.choice(["a", "b"], n),
            "months": rng.exponential(24, n),
        }
    )
    age = table["age"].to_numpy()[:, None]
    x, y = 10 + 3 * rng.normal(size=(n, biomarkers)) + 0.05 * age, 30 + 5 * rng.normal(size=(n, scores)) + 0.2 * age
    y += 0.3 * x[:, :scores]
    for block in (x, y):
        block[rng.random(block.shape) < gaps] = np.nan
    named = [pd.DataFrame(v, columns=[f"{c}{i}" for i in range(v.shape[1])]) for c, v in (("b", x), ("s", y))]
    return pd.concat([table, *named], axis=1)


def statsmodels_pair(table: pd.DataFrame, covariates: np.ndarray, biomarker: str, score: str) -> list[float]:
    """The same numbers by one fit."""
    terms, y = np.column_stack([table[biomarker], covariates]), table[score].to_numpy()
    rows = np.isfinite(terms).all(axis=1) & np.isfinite(y)
    fit = sm.OLS(y[rows], terms[rows]).fit()
    return [fit.params[0], fit.bse[0], fit.tvalues[0], fit.pvalues[0], *fit.conf_int()[0], fit.nobs]


def covariates_of(table: pd.DataFrame) -> np.ndarray:
    """Covariate matrix, made here and not by the code under test."""
    words = pd.get_dummies(table[["sex", "site"]], drop_first=True, dtype=float)
    return sm.add_constant(np.column_stack([table[["age", "bmi", "months"]], words]))


def screen(table: pd.DataFrame, biomarkers: list[str], scores: list[str]) -> tuple[Associations, float, float]:
    """Result, wall seconds and processor seconds of the screen."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = associate(table, biomarkers=biomarkers, scores=scores, adjust=ADJUST)
    return found, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Run both, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--biomarkers", type=int, default=2000)
    parser.add_argument("--scores", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=500, help="pairs that statsmodels fits")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    total = chosen.biomarkers * chosen.scores
    print("gaps  screen wall s  cpu s  loop wall s  cpu s  ratio wall  cpu  largest relative difference")
    for gaps in (0.0, 0.1):
        table = make_table(chosen.patients, chosen.biomarkers, chosen.scores, gaps=gaps, seed=chosen.seed)
        biomarkers, scores = ([c for c in table if c.startswith(k) and c[1:].isdigit()] for k in "bs")
        screen(table, biomarkers[:20], scores)  # imports and first calls are not the search
        found, wall, cpu = screen(table, biomarkers, scores)
        rows = found.to_frame().sample(min(chosen.pairs, total), random_state=chosen.seed)
        covariates = covariates_of(table)
        loop_wall, loop_cpu = time.perf_counter(), time.process_time()
        known = [
            statsmodels_pair(table, covariates, b, s) for b, s in zip(rows["biomarker"], rows["score"], strict=True)
        ]
        share = total / len(rows)
        loop_wall, loop_cpu = (time.perf_counter() - loop_wall) * share, (time.process_time() - loop_cpu) * share
        ours, theirs = rows[COLUMNS].to_numpy(dtype=float), np.array(known)
        # A slope near zero has no relative digits: it is compared in units of its standard error.
        scale = np.maximum(np.abs(theirs), theirs[:, [1, 1, 1, 3, 1, 1, 6]] * [1, 1, 0, 1, 1, 1, 1])
        scale[:, 2] = np.maximum(np.abs(theirs[:, 2]), 1)
        worst = float((np.abs(ours - theirs) / scale).max())
        print(
            f"{gaps:4.0%}  {wall:13.2f}  {cpu:5.2f}  {loop_wall:11.1f}  {loop_cpu:5.1f}  {loop_wall / wall:10.0f}"
            f"  {loop_cpu / cpu:3.0f}  {worst:.1e}"
        )


if __name__ == "__main__":
    main()
