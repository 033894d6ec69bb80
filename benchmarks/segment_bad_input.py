"""What the built-in segmentation says of pictures it was not made for.

    python benchmarks/segment_bad_input.py --data DATA

Every line must be a refusal or a verdict other than pass, or keep its doubt in the confidences; "a confident spine" in
the last column would be a fault. Images that are not at hand are named, not left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from lumbomics.core.errors import LumbomicsError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image
from lumbomics.phantom import make_phantom
from lumbomics.read import read_nifti_image
from lumbomics.segment.builtin import BuiltinSegmenter
from lumbomics.segment.quality import assess

ROOT = Path(__file__).resolve().parents[1]
SURE = 0.8


def cases(data: Path) -> Iterator[tuple[str, Callable[[], Image]]]:
    """Name and maker of every picture."""
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid()
    rng = np.random.default_rng(0)
    yield "constant image", lambda: Image(np.full(grid.shape, 7, np.int16), grid)
    yield "noise", lambda: Image(rng.rayleigh(100, grid.shape).astype(np.float32), grid)
    yield "smooth noise", lambda: Image(smooth(grid.shape), grid)
    yield "axial stack (phantom)", lambda: phantom.image(phantom.axial_grid("L4-L5"), Contrast.T2)
    yield "one slice 45 mm off the midline (phantom)", lambda: off_midline(45.0)
    yield "localiser, 3 sagittal slices 20 mm apart of 3 mm pixels (phantom)", localiser
    yield "picture upside down (phantom, header wrong)", lambda: upside_down(phantom.image(grid, Contrast.T2))
    yield "thoracic part alone (phantom, above L1)", thorax
    yield "CT stored as MR (verse014)", lambda: read_nifti_image(data / "verse014" / "sub-verse014_ct.nii.gz")
    yield (
        "CT of the trunk, 3 mm (TotalSegmentator)",
        lambda: read_nifti_image(data / "totalsegmentator" / "example_ct.nii.gz"),
    )
    yield (
        "small MR of the trunk (TotalSegmentator)",
        lambda: read_nifti_image(data / "totalsegmentator" / "example_mr_sm.nii.gz"),
    )
    yield "cervical MR (TPTBox sample)", cervical
    yield "brain MR (MNI152 of nilearn)", brain


def smooth(shape: tuple[int, ...]) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(np.random.default_rng(1).normal(size=shape), (0.5, 8, 8)).astype(np.float32)


def off_midline(distance_mm: float) -> Image:
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid(slices=1)
    affine = grid.affine.copy()
    affine[0, 3] += distance_mm
    return phantom.image(Grid(grid.shape, affine, grid.frame), Contrast.T2)


def localiser() -> Image:
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid(in_plane_mm=3.0, thickness_mm=20.0, slices=3)
    return phantom.image(grid, Contrast.T2)


def upside_down(image: Image) -> Image:
    return Image(np.ascontiguousarray(image.array[:, :, ::-1]), image.grid, image.quantity, image.contrast)


def thorax() -> Image:
    phantom = make_phantom(3)
    image = phantom.image(phantom.sagittal_grid(), Contrast.T2)
    rows = image.grid.shape[2]
    affine = image.grid.affine.copy()
    first = int(rows * 0.72)
    affine[:3, 3] = image.grid.to_world((0, 0, first))
    return Image(image.array[:, :, first:], Grid((*image.grid.shape[:2], rows - first), affine), contrast=Contrast.T2)


def cervical() -> Image:
    found = importlib.util.find_spec("TPTBox")
    if found is None or found.origin is None:
        raise FileNotFoundError("TPTBox is not installed")
    paths = sorted(
        p for p in Path(found.origin).parent.rglob("*T2w*.nii.gz") if "seg" not in p.name and "msk" not in p.name
    )
    if not paths:
        raise FileNotFoundError("the wheel holds no T2 image")
    return read_nifti_image(paths[0])


def brain() -> Image:
    if importlib.util.find_spec("nilearn") is None:
        raise FileNotFoundError("nilearn is not installed")
    from nilearn.datasets import load_mni152_template

    template = load_mni152_template(resolution=2)
    return Image(np.asarray(template.dataobj, dtype=np.float32), Grid(template.shape, template.affine))


def judge(segmenter: BuiltinSegmenter, make: Callable[[], Image]) -> str:
    """One line: verdict, structures, what was said."""
    try:
        image = make()
    except FileNotFoundError as error:
        return f"not tried | - | {error}"
    try:
        prediction = segmenter.segment(image)
    except LumbomicsError as error:
        return f"refused | nothing | {str(error).split(';')[0]}"
    report = assess(prediction, image)
    spine = prediction.segmentation.spine
    sure = [c for c in prediction.confidence.values() if c >= SURE]
    numbering = prediction.segmentation.numbering.confidence
    why = "; ".join(f.message for f in report.findings[:2]) or "nothing speaks against it"
    fault = " **a confident spine**" if report.usable and len(sure) > 3 else ""
    told = f"{len(spine.vertebrae)} vertebrae, {len(spine.discs)} discs, {len(sure)} sure; numbers {numbering}"
    return f"{report.verdict.value}{fault} | {told} | {why}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--weights", type=Path, default=None)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reference" / "segmentation-bad-input.md")
    given = parser.parse_args()
    segmenter = BuiltinSegmenter(weights=given.weights, threads=2)
    lines = [
        "# Pictures the built-in segmentation was not made for\n",
        f"Weights {segmenter.card.version}, SHA-256 {segmenter.card.sha256[:12]}. Written by "
        "`benchmarks/segment_bad_input.py`.\n",
        "| picture | verdict | drawn | why |\n|---|---|---|---|",
    ]
    for name, make in cases(given.data):
        line = f"| {name} | {judge(segmenter, make)} |"
        print(line, flush=True)
        lines.append(line)
    given.page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
