"""What patients of a cluster look like, feature by feature."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from lumbomics.analyse.phenotype.choices import LABEL
from lumbomics.analyse.phenotype.inputs import Features

Array = NDArray[np.float64]
Places = NDArray[np.intp]

COLUMNS = ("cluster", "patients", "feature", "level", "known", "value", "overall", "effect", "label")


def hedges_g(here: Array, others: Array, confidence: float) -> tuple[float, float, float]:
    """Difference of means over the pooled SD, corrected for small samples, with limits.

    Hedges LV. J Educ Stat 1981;6:107; variance (n1 + n2) / (n1 n2) + g² / (2 (n1 + n2)). NaN with fewer than two values
    on a side or without spread.
    """
    one, other = len(here), len(others)
    if one < 2 or other < 2:
        return (math.nan,) * 3
    freedom = one + other - 2
    pooled = math.sqrt(((one - 1) * here.var(ddof=1) + (other - 1) * others.var(ddof=1)) / freedom)
    if pooled == 0:
        return (math.nan,) * 3
    g = (1 - 3 / (4 * freedom - 1)) * float(here.mean() - others.mean()) / pooled
    reach = stats.norm.ppf((1 + confidence) / 2) * math.sqrt((one + other) / (one * other) + g**2 / (2 * (one + other)))
    return g, g - float(reach), g + float(reach)


def profile(features: Features, labels: Places, levels: dict[str, list[str]]) -> pd.DataFrame:
    """One row a cluster and feature (and level of a word).

    Parameters
    ----------
    features
        As given to the search.
    labels
        (n,) cluster of each patient, from 0.
    levels
        Words of each word feature, in the order of their codes.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``: value is the mean, or the share of the level; overall the same over all patients; effect is
        Hedges' g of the cluster against all others, or the difference of shares. They describe; features that made the
        clusters differ between them by construction, so no p is given.
    """
    rows = []
    for cluster in np.unique(labels):
        here = labels == cluster
        start = (int(cluster) + 1, int(here.sum()))
        for name, column in zip(features.number_names, features.numbers.T, strict=True):
            known = ~np.isnan(column)
            inside, outside = column[known & here], column[known & ~here]
            value = float(inside.mean()) if len(inside) else math.nan
            effect = hedges_g(inside, outside, 0.95)[0]
            rows.append((*start, name, "", len(inside), value, float(column[known].mean()), effect, LABEL))
        for name, codes in zip(features.word_names, features.words.T, strict=True):
            known = codes >= 0
            for code, level in enumerate(levels[name]):
                inside, outside = codes[known & here] == code, codes[known & ~here] == code
                value = float(inside.mean()) if len(inside) else math.nan
                rest = float(outside.mean()) if len(outside) else math.nan
                overall = float((codes[known] == code).mean())
                rows.append((*start, name, level, len(inside), value, overall, value - rest, LABEL))
    return pd.DataFrame(rows, columns=list(COLUMNS))
