"""Agreement of the axial drawing with the truth of digital patients.

    python benchmarks/axial_segmentation.py --count 40 --records /tmp/axial

draws canal tissue and muscles on patients that took no part in the fit of the learned step nor in the choice of
thresholds (seeds from 0; both used seeds from 1000), one record a patient and variant, and writes the page of the
documentation.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue, Scan
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast
from lumbomics.core.labels import Muscle
from lumbomics.core.visit import Plane
from lumbomics.phantom import Phantom, make_phantom
from lumbomics.phantom.canalmap import canal_tissue
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.lesions import Lesions, MuscleState
from lumbomics.phantom.postoperative import Kind, make_postoperative
from lumbomics.phantom.signal import Injection
from lumbomics.segment.axial import draw_canal_tissue, draw_muscles
from lumbomics.segment.builtin import BuiltinSegmenter

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "axial-segmentation.md"
KINDS = tuple(Kind)
NOISE, THICKNESS = {"": 0.012, "noise 0.03": 0.03, "noise 0.06": 0.06}, {"2.5 mm": 2.5, "6 mm": 6.0}
_LEAST = 30
_LEAST_MM3, _FOUND, _SIDE_MM3, _CLEAN_MM3, _WRONG_MM3 = 20.0, 0.25, 150.0, 40.0, 60.0
"""Least false volume that counts. Of a side's defect: share that counts as found, and from which volume there is
one; most volume of a side said to have none, and least drawn there that is called wrong."""
_CONTRASTS = {"t2": Contrast.T2, "t1": Contrast.T1, "post": Contrast.T1_POST}
_HEAD = """# Drawing on axial series: agreement with known truth

`segment.axial` draws the canal's tissue and the paraspinal muscles on axial series: outlines, roots, missing arch and
muscles by classical means; with all three series, fat, scar, displaced disc, blood and flavum by a small model that was
learned on digital patients ([which is which](../decisions/0008-classical-axial-segmentation.md)).
Dice overlap with the exact map of digital patients after surgery: axial T2, T1 and T1 after contrast,
0.55 x 0.55 x 4 mm, five slices through the operated disc, noise 1.2 % of fat, coil shading, partial volume. The labels
carried from the sagittal series (15 slices of 4 mm) are the truth with boundaries moved by 0.5 mm (SD), or, where it
says so, those of the built-in network, drawn on the sagittal T2 as `lumbomics run` does. The model was fitted and
thresholds were chosen on seeds from 1000. Of the seeds here, from 0, two (2 and 4) once changed the outlines. When
the model's first version (1.0.0) drew disc in 2 of 18 without any, asking for a greater chance of disc was tried (0.88
in place of 0.80): it took away none of them and one found disc, so the value chosen on the seeds from 1000 stands; it
was not tried again with the version measured here.
`benchmarks/axial_segmentation.py` writes this page.

**Digital patients, not people: no real axial series with drawn tissue was at hand, and none is reported here.** Real
tissue is more varied, and carried labels err more; expect less. That holds above all for what the model learned: the
patients here are other patients, but made by the same rules as those it was fitted on.

Mean Dice over patients in whom the tissue is there (30 voxels at least), n in brackets; *false* is the median volume
drawn in patients who have none of it. Slices that the drawing does not believe are blank and count as missed."""


def main() -> None:
    """Draw what the records lack, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--records", type=Path, default=ROOT / "build" / "axial")
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args()
    chosen.records.mkdir(parents=True, exist_ok=True)
    records = [record for seed in range(chosen.count) for record in _recorded(seed, chosen.records)]
    text = "\n\n".join([_HEAD, *_page(records)]) + "\n"
    chosen.page.write_text(text, encoding="utf-8")
    print(text)


def _recorded(seed: int, folder: Path) -> list[dict]:
    path = folder / f"{seed}.json"
    if not path.exists():
        path.write_text(json.dumps(list(_patient(seed))), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def _patient(seed: int) -> Iterator[dict]:
    kind = KINDS[seed % len(KINDS)]
    phantom = make_postoperative(seed, kind)
    level = next(one.level for extra in phantom.scene.extras for one in extra.operations())
    for name, noise in NOISE.items():
        if name and seed % 4:
            continue
        series = _series(phantom, level, noise=noise)
        for given in ("t2 t1 post", "t2 t1", "t2") if not name else ("t2 t1 post",):
            yield {"seed": seed, "kind": kind.value, "variant": name, **_canal(phantom, seed, series, given)}
    for name, thickness in THICKNESS.items() if seed % 4 == 0 else ():
        series = _series(phantom, level, thickness=thickness)
        yield {"seed": seed, "kind": kind.value, "variant": name, **_canal(phantom, seed, series, "t2 t1 post")}
    series = _series(phantom, level)
    yield {
        "seed": seed,
        "kind": kind.value,
        "variant": "network",
        **_canal(phantom, seed, series, "t2 t1 post", labels=_network_labels(phantom)),
    }
    yield from _muscle(seed)
    if seed % 4 == 0:
        cord = make_phantom(seed)
        series = _series(cord, "T12-L1")
        yield {"seed": seed, "kind": "cord", "variant": "cord", **_canal(cord, seed, series, "t2 t1 post")}


def _series(phantom: Phantom, level: str, *, noise: float = 0.012, thickness: float = 4.0) -> dict[str, Scan]:
    slices = 2 * round(8 / thickness) + 1
    grid = phantom.axial_grid(level, thickness_mm=thickness, slices=slices, in_plane_mm=0.55)
    return {name: _scan(phantom, grid, name, noise) for name in _CONTRASTS}


def _scan(phantom: Phantom, grid: Grid, name: str, noise: float) -> Scan:
    acquisition = Acquisition(noise=noise, injection=Injection() if name == "post" else None)
    image = phantom.image(grid, _CONTRASTS[name], acquisition=acquisition)
    return Scan(name=name, image=image, plane=Plane.AXIAL)


@lru_cache(maxsize=1)
def _labels(phantom: Phantom, seed: int):
    rng = np.random.default_rng(seed)
    return phantom.segmentation(phantom.sagittal_grid(), boundary_sd_mm=0.5, rng=rng)


def _network_labels(phantom: Phantom):
    image = phantom.image(phantom.sagittal_grid(), Contrast.T2, acquisition=Acquisition())
    return BuiltinSegmenter(threads=1).segment(image).segmentation


def _canal(phantom: Phantom, seed: int, series: dict[str, Scan], given: str, labels=None) -> dict:
    names = given.split()
    grid = series["t2"].image.grid
    truth = _truth(phantom, grid)
    labels = labels or _labels(phantom, seed)
    started = time.process_time()
    drawn = draw_canal_tissue(
        series["t2"],
        labels,
        t1=series["t1"] if "t1" in names else None,
        post=series["post"] if "post" in names else None,
    )
    seconds = time.process_time() - started
    if "post" not in names:
        truth = np.where(np.isin(truth, (CanalTissue.SCAR, CanalTissue.DISC)), CanalTissue.EPIDURAL_TISSUE, truth)
    sets = {"sac": IN_SAC, "canal": IN_CANAL} | {kind.name.lower(): {kind} for kind in CanalTissue}
    overlaps = {name: _overlap(drawn.labels.array, truth, values, grid) for name, values in sets.items()}
    confidence = float(np.mean(list(drawn.confidence.values()))) if drawn.confidence else 0.0
    return {
        "given": given,
        "overlaps": overlaps,
        "defect_sides": _sides(drawn.labels.array, truth, CanalTissue.DEFECT, grid),
        "scar_in_disc": _taken(drawn.labels.array, truth),
        "confidence": confidence,
        "seconds": seconds,
    }


def _sides(drawn: np.ndarray, truth: np.ndarray, kind: CanalTissue, grid: Grid) -> list[list[float]]:
    """Volume drawn and true, mm3, left and right: columns of the grid run to the right, its middle is the disc's."""
    half = grid.shape[0] // 2
    voxel = grid.voxel_volume_mm3
    return [
        [float((part[part_of] == kind).sum() * voxel) for part in (drawn, truth)]
        for part_of in (np.s_[:half], np.s_[half:])
    ]


def _taken(drawn: np.ndarray, truth: np.ndarray) -> float | None:
    """Share of true displaced disc that is drawn as scar."""
    disc = truth == CanalTissue.DISC
    return float((drawn[disc] == CanalTissue.SCAR).mean()) if disc.sum() >= _LEAST else None


@lru_cache(maxsize=1)
def _truth(phantom: Phantom, grid: Grid) -> np.ndarray:
    return canal_tissue(phantom.scene, phantom.scene.tissue(grid), phantom.scene.label_maps(grid))


def _overlap(drawn: np.ndarray, truth: np.ndarray, values, grid: Grid) -> dict:
    one, other = np.isin(drawn, list(values)), np.isin(truth, list(values))
    total = int(one.sum() + other.sum())
    return {
        "truth": int(other.sum()),
        "drawn_mm3": float(one.sum() * grid.voxel_volume_mm3),
        "outside_mm3": float((one & ~other).sum() * grid.voxel_volume_mm3),
        "dice": 2 * float((one & other).sum()) / total if total else None,
    }


def _muscle(seed: int) -> Iterator[dict]:
    """One patient of each Goutallier grade in turn, wasted muscle in the higher ones."""
    grade = seed % 5
    states = tuple(
        MuscleState.of_grade(muscle, grade, size=1.0 - 0.06 * grade)
        for muscle in Muscle
        if muscle not in (Muscle.PSOAS_LEFT, Muscle.PSOAS_RIGHT)
    )
    phantom = make_phantom(seed, extras=(Lesions(muscles=states),))
    grid = phantom.axial_grid("L4-L5", in_plane_mm=0.7, slices=3, width_mm=200.0)
    truth = phantom.scene.label_maps(grid)["muscle"]
    for name in ("t1", "t2"):
        scan = _scan(phantom, grid, name, 0.012)
        labels = _labels(phantom, seed)
        started = time.process_time()
        drawn = draw_muscles(scan, labels)
        overlaps = {m.name.lower(): _overlap(drawn.labels.array, truth, {m}, grid) for m in Muscle}
        confidence = float(np.mean(list(drawn.confidence.values()))) if drawn.confidence else 0.0
        yield {
            "seed": seed,
            "kind": f"grade {grade}",
            "variant": f"muscle {name}",
            "given": name,
            "overlaps": overlaps,
            "confidence": confidence,
            "seconds": time.process_time() - started,
        }


def _page(records: list[dict]) -> Iterator[str]:
    plain = [r for r in records if r["variant"] == ""]
    columns = {g: [r for r in plain if r["given"] == g] for g in ("t2 t1 post", "t2 t1", "t2")}
    cord = [r for r in records if r["variant"] == "cord"]
    names = ["sac", "canal", *(kind.name.lower() for kind in CanalTissue if kind is not CanalTissue.CORD)]
    yield "## By the series given"
    yield _table("tissue", {g.replace(" ", " + "): rows for g, rows in columns.items()}, names, false=True)
    yield f"Cord at T12-L1, spines without surgery: {_mean(cord, 'cord')}; sac there {_mean(cord, 'sac')}."
    full = columns["t2 t1 post"]
    yield from _by_labels(full, [r for r in records if r["variant"] == "network"], names)
    yield "## By what surgery left, all three series"
    some = ["sac", "canal", "root", "epidural_fat", "scar", "disc", "collection", "haematoma", "defect"]
    yield _table("tissue", {k.value: [r for r in full if r["kind"] == k.value] for k in KINDS}, some)
    yield "## By noise and slice thickness, all three series, every fourth seed"
    even = {"noise 0.012, 4 mm": [r for r in full if r["seed"] % 4 == 0]}
    even |= {v: [r for r in records if r["variant"] == v] for v in (*list(NOISE)[1:], *THICKNESS)}
    yield _table("tissue", even, some)
    yield "## Muscles at L4-L5, by Goutallier grade of multifidus and erector spinae"
    for name in ("t1", "t2"):
        drawn = [r for r in records if r["variant"] == f"muscle {name}"]
        groups = {
            f"{name.upper()}, {g}": [r for r in drawn if r["kind"] == g] for g in sorted({r["kind"] for r in drawn})
        }
        yield _table("muscle", groups, [m.name.lower() for m in Muscle])
    yield "## Confidence and time"
    worst = sorted((r["overlaps"]["sac"]["dice"] or 0.0, r["confidence"]) for r in plain)
    pairs = np.array(worst)
    yield (
        f"Rank correlation of the stated confidence with the sac's Dice over {len(pairs)} drawings: "
        f"{_rank_correlation(pairs):.2f}. Processor time for five slices: median "
        f"{np.median([r['seconds'] for r in full]):.1f} s, most {np.max([r['seconds'] for r in full]):.1f} s."
    )


def _by_labels(like_truth: list[dict], network: list[dict], names: list[str]) -> Iterator[str]:
    yield "## By where the carried labels come from, all three series"
    columns = {"labels like the truth": like_truth, "labels of the network": network}
    lines = ["| tissue | " + " | ".join(f"{c} | false" for c in columns) + " |", "|---" * 5 + "|"]
    for name in names:
        cells = (f"{_mean(rows, name)} | {_wrong(rows, name)}" for rows in columns.values())
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    yield "\n".join(lines)
    yield (
        f"*false*: patients without the tissue in whom more than {_LEAST_MM3:.0f} mm³ of it are drawn, of how many, "
        f"and the largest volume. *found*, below: at least {100 * _FOUND:.0f} % of the side's volume drawn; drawn as "
        f"missing: more than {_WRONG_MM3:.0f} mm³ drawn on a side without any."
    )
    lines = ["| | " + " | ".join(columns) + " |", "|---" * 3 + "|"]
    for what, told in (
        ("displaced disc found", _discs_found),
        ("mean share of displaced disc drawn as scar", _disc_as_scar),
        ("drawn as scar where there is none, median and largest", partial(_outside, name="scar")),
        ("drawn as displaced disc where there is none, median and largest", partial(_outside, name="disc")),
        ("sides with a missing arch found", _sides_found),
        ("sides with their whole arch drawn as missing", _sides_wrong),
    ):
        lines.append(f"| {what} | " + " | ".join(told(rows) for rows in columns.values()) + " |")
    yield "\n".join(lines)


def _wrong(records: list[dict], name: str) -> str:
    values = [r["overlaps"][name]["drawn_mm3"] for r in records if r["overlaps"][name]["truth"] == 0]
    if not values:
        return "-"
    return f"{sum(v > _LEAST_MM3 for v in values)} of {len(values)}, {max(values):.0f} mm³"


def _discs_found(records: list[dict]) -> str:
    there = [r["overlaps"]["disc"] for r in records if r["overlaps"]["disc"]["truth"] >= _LEAST]
    return f"{sum(one['dice'] > 0.1 for one in there)} of {len(there)} (Dice over 0.1)"


def _disc_as_scar(records: list[dict]) -> str:
    values = [r["scar_in_disc"] for r in records if r["scar_in_disc"] is not None]
    return f"{np.mean(values):.2f} ({len(values)})" if values else "-"


def _outside(records: list[dict], name: str) -> str:
    values = [r["overlaps"][name]["outside_mm3"] for r in records]
    return f"{np.median(values):.0f}, {max(values):.0f} mm³ ({len(values)})" if values else "-"


def _sides_found(records: list[dict]) -> str:
    there = [(d, t) for r in records for d, t in r["defect_sides"] if t > _SIDE_MM3]
    return f"{sum(d > _FOUND * t for d, t in there)} of {len(there)}"


def _sides_wrong(records: list[dict]) -> str:
    clean = [d for r in records for d, t in r["defect_sides"] if t < _CLEAN_MM3]
    return f"{sum(d > _WRONG_MM3 for d in clean)} of {len(clean)}"


def _table(head: str, columns: dict[str, list[dict]], names: list[str], *, false: bool = False) -> str:
    last = " | false, mm³" if false else ""
    lines = [f"| {head} | " + " | ".join(columns) + last + " |", "|---" * (len(columns) + 1 + false) + "|"]
    for name in names:
        cells = [_mean(rows, name) for rows in columns.values()]
        if false:
            cells.append(_false(next(iter(columns.values())), name))
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(records: list[dict], name: str) -> str:
    values = [r["overlaps"][name]["dice"] for r in records if r["overlaps"][name]["truth"] >= _LEAST]
    return f"{np.mean(values):.2f} ({len(values)})" if values else "-"


def _false(records: list[dict], name: str) -> str:
    values = [r["overlaps"][name]["drawn_mm3"] for r in records if r["overlaps"][name]["truth"] == 0]
    return f"{np.median(values):.0f} ({len(values)})" if values else "-"


def _rank_correlation(pairs: np.ndarray) -> float:
    ranks = np.argsort(np.argsort(pairs, axis=0), axis=0)
    return float(np.corrcoef(ranks.T)[0, 1])


if __name__ == "__main__":
    main()
