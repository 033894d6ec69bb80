"""The page's part on fluid, missing bone, inflamed roots, oedema, discitis and metal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from lumbomics.catalogue import load_quantities
from lumbomics.core.measurement import Z_95

Row = dict[str, Any]
_HEAD = (
    "| biomarker | method | unit | n | absent | bias | SD | 95 % limits | r² | coverage % |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def page(large: Sequence[Row], roots: Sequence[Row], worn: Sequence[Row], metal: Sequence[Row]) -> list[str]:
    """Lines of Markdown from collected rows."""
    return [
        "## Fluid, bone, roots, infection, metal",
        "",
        f"{len(large)} of the operated patients, slices over 5.6 cm; values where there is something (fluid, blood,",
        "disc), and of every side (arch).",
        "",
        *table(large),
        "",
        *inflamed(roots),
        "",
        *infected(worn),
        "",
        *spoilt(metal),
    ]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Agreement of every quantity with a number."""
    yield from _HEAD
    units = {key: quantity.unit for key, quantity in load_quantities().items()}
    pairs = [pair for row in rows for pair in row["pairs"] if pair["true"] is not None]
    for key in dict.fromkeys(pair["key"] for pair in pairs):
        biomarker, method = key.split("|")
        if units.get((biomarker, method)) not in {"mm3", "mm", "%"}:
            continue
        own = [p for p in pairs if p["key"] == key and (p["true"] > 0 or biomarker == "laminectomy_defect")]
        known = [p for p in own if p["measured"] is not None]
        if len(known) > 2:
            numbers = agreement(known)
            yield (
                f"| {biomarker} | {method} | {units[biomarker, method]} | {len(known)} | {len(own) - len(known)} "
                f"| {numbers} |"
            )


def agreement(pairs: Sequence[Row]) -> str:
    """Bias, SD, limits, r² and coverage as cells of a table."""
    true, measured, se = (
        np.array([np.nan if p[name] is None else p[name] for p in pairs], dtype=np.float64)
        for name in ("true", "measured", "se")
    )
    error = measured - true
    spread = float(error.std(ddof=1))
    low, high = error.mean() - Z_95 * spread, error.mean() + Z_95 * spread
    r2 = f"{np.corrcoef(true, measured)[0, 1] ** 2:.3f}" if true.std() > 0 and measured.std() > 0 else "n/a"
    held = np.isfinite(se)
    cover = f"{100 * (np.abs(error[held]) <= Z_95 * se[held]).mean():.0f}" if held.any() else "n/a"
    return f"{error.mean():.2f} | {spread:.2f} | {low:.2f} to {high:.2f} | {r2} | {cover}"


def inflamed(rows: Sequence[Row]) -> Iterator[str]:
    """Inflamed leaving roots against others, and against their own other side."""
    yield "### Inflamed leaving roots"
    yield ""
    values, truth, absent = [], [], 0
    for row in rows:
        for side, ill in row["inflamed"].items():
            value = row["values"].get(f"foraminal_shell|{side}")
            absent += value is None
            if value is not None:
                values.append(value)
                truth.append(ill)
    differences, sides = [], []
    for row in rows:
        for side, ill in row["inflamed"].items():
            value = row["values"].get(f"foraminal_shell_asymmetry|{side}")
            if value is not None and any(row["inflamed"].values()):
                differences.append(value)
                sides.append(ill)
    yield f"{len(rows)} patients, {sum(truth)} inflamed of {len(truth)} roots read ({absent} absent). Enhancement of"
    yield f"the 2 mm about the root, AUC {roc_auc_score(truth, values):.3f}; which of both sides, by their difference,"
    yield f"AUC {roc_auc_score(sides, differences):.3f} (n = {len(sides)} sides)."


def infected(rows: Sequence[Row]) -> Iterator[str]:
    """Signs of discitis, and oedema of marrow."""
    yield "### Discitis and oedema of marrow"
    yield ""
    pairs = [p for row in rows for p in row["pairs"]]
    counts = [p for p in pairs if p["key"] == "discitis_score|sign_count"]
    seen = [p for p in counts if p["measured"] is not None]
    ill = np.array([p["category"] != "none" for p in seen])
    signs = np.array([p["measured"] for p in seen])
    true = np.array([p["true"] for p in seen])
    yield f"{len(rows)} worn spines, sagittal T2, T1, STIR and T1 after contrast, 0.6 x 0.6 x 4 mm; {len(seen)} discs,"
    yield f"{ill.sum()} infected ({len(counts) - len(seen)} absent). Infected discs told from the others by the count"
    yield f"of signs: AUC {roc_auc_score(ill, signs):.3f}; three signs or more: sensitivity"
    yield f"{100 * (signs[ill] >= 3).mean():.0f} %, specificity {100 * (signs[~ill] < 3).mean():.1f} %; two or more:"
    yield f"{100 * (signs[ill] >= 2).mean():.0f} % and {100 * (signs[~ill] < 2).mean():.1f} %. Count of signs:"
    yield f"quadratic weighted kappa {cohen_kappa_score(true, signs, weights='quadratic'):.3f}, mean difference"
    yield f"{(signs - true).mean():.2f} over all, {(signs - true)[ill].mean():.2f} over infected discs."
    yield ""
    oedema = [p for p in pairs if p["key"] == "bone_marrow_edema_volume|body_volume" and p["measured"] is not None]
    there = [p for p in oedema if p["true"] > 0]
    free = np.array([p["measured"] for p in oedema if p["true"] == 0])
    yield f"Halves of bodies without oedema: {(free == 0).mean() * 100:.1f} % of {len(free)} measured as 0. With it:"
    yield ""
    yield from _HEAD
    yield f"| bone_marrow_edema_volume | body_volume | mm3 | {len(there)} | 0 | {agreement(there)} |"
    yield ""
    yield f"Where there is none the median is {np.median(free):.0f} mm³, the 95th percentile"
    yield f"{np.percentile(free, 95):.0f} mm³. The standard error holds the border's voxels and a tenth of the volume"
    yield "for where the border lies and what is left of coil shading. Axial series, which show"
    yield "fluid and enhancement of the disc, were not given, so that two of the five signs cannot be found."


def spoilt(rows: Sequence[Row]) -> Iterator[str]:
    """Extents read from maps found in the image, against those from the exact maps."""
    yield "### What metal spoils"
    yield ""
    materials = [row["material"] for row in rows]
    counts = ", ".join(f"{materials.count(one)} {one}" for one in dict.fromkeys(materials))
    yield f"{len(rows)} patients with screws ({counts}); axial T2, 0.7 x 0.7 x 4 mm. Extents from the map found in"
    yield "the image, against those from the exact map of signal that is gone or displaced; SEMAC beside plain."
    yield ""
    yield "| technique | quantity | n | mean true | bias | SD | 95 % limits | r² |"
    yield "|---|---|---|---|---|---|---|---|"
    for technique in rows[0]["rows"]:
        for what in dict.fromkeys(name for row in rows for name in row["rows"][technique]["exact"]):
            pairs = [
                {"true": r["exact"][what], "measured": r["found"][what], "se": None}
                for r in (row["rows"][technique] for row in rows)
                if what in r["exact"] and what in r["found"]
            ]
            if len(pairs) > 2:
                mean = np.mean([p["true"] for p in pairs])
                cells = agreement(pairs).rsplit(" | ", 1)[0]
                yield f"| {technique} | {what} | {len(pairs)} | {mean:.1f} | {cells} |"
    yield ""
    yield "The map found in an image holds what is dark and its rim: signal that is displaced but neither dark nor"
    yield "bright leaves no trace in one image. That a region is not marked does not say that it can be trusted beside"
    yield "screws."
