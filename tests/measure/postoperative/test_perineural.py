"""Roots in the sac and in the foramen whose enhancement and size were set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import CanalTissue, Examination
from lumbomics.core.labels import Labels
from lumbomics.core.measurement import Measurement, Reason
from lumbomics.measure import ExaminedSpine, SpineGeometry, measure_examination

ID = "perineural_enhancement"
FAT, NERVE, SHELL = CanalTissue.FLAVUM, CanalTissue.FACET_FLUID, CanalTissue.DEFECT
LOOKS = {FAT: (700, 900, 1.0), NERVE: (200, 280, 1.25), SHELL: (300, 700, 1.9)}


def _measure(scene, disc_at, *, radius=(2.5, 2.5), shell=True):
    """Foramina of fat beside the canal, a root of each radius (left, right) in them, on the right with a shell."""
    blobs = [(FAT, disc_at(s * 19, 2, 6.5)) for s in (-1, 1)]
    blobs += [(SHELL, disc_at(19, 2, radius[1] + 2))] if shell else []
    blobs += [(NERVE, disc_at(s * 19, 2, r)) for s, r in zip((-1, 1), radius, strict=True)]
    made = scene(*blobs, changes=LOOKS, slices=9)
    x, y, _ = made.places
    foramina = np.zeros(made.grid.shape, dtype=np.uint8)
    foramina[np.hypot(x + 19, y - 2) < 6.5] = 46
    foramina[np.hypot(x - 19, y - 2) < 6.5] = 47
    segmentation = replace(made.spine.segmentation, foramina=Labels(foramina, made.grid))
    spine = SpineGeometry(segmentation)
    plain = made.examination()
    examined = ExaminedSpine(spine=spine, examination=Examination(segmentation=segmentation, scans=plain.scans))
    found = measure_examination(examined, only=[ID, "battered_root_signal"])
    return {(r.method, r.side): r for r in found if r.level == "L4-L5"}


def test_enhancement_about_a_root_is_told_from_that_of_the_root_and_has_a_side(scene, disc_at) -> None:
    found = _measure(scene, disc_at)
    assert found["foraminal_root", Side.RIGHT].value == pytest.approx(25, abs=1)
    assert found["foraminal_shell", Side.RIGHT].value == pytest.approx(90, abs=8)
    assert found["foraminal_shell", Side.LEFT].value == pytest.approx(0, abs=1)
    asymmetry = [found["foraminal_shell_asymmetry", side].value for side in (Side.LEFT, Side.RIGHT)]
    assert asymmetry[0] == pytest.approx(-asymmetry[1])
    assert "ganglion" in found["foraminal_root", Side.RIGHT].caution


def test_a_thicker_exiting_root_shows_in_the_area_ratio(scene, disc_at) -> None:
    found = _measure(scene, disc_at, radius=(2.0, 3.0), shell=False)
    assert found["foraminal_area_ratio", Side.RIGHT].value == pytest.approx(9 / 4, rel=0.12)
    assert found["foraminal_t2_signal_ratio", Side.RIGHT].value == pytest.approx(1, rel=0.01)


def test_roots_in_the_sac_that_enhance_are_named_so(scene, disc_at) -> None:
    roots = (CanalTissue.ROOT, disc_at(4, 0, 1.5)), (CanalTissue.ROOT, disc_at(-4, 0, 1.5))
    still = scene(*roots).measure(ID)
    lit = scene(*roots, changes={CanalTissue.ROOT: (300, 250, 1.4)}).measure(ID)
    assert still.measured("intradural_root", Side.LEFT).category == "not enhancing"
    one = lit.measured("intradural_root", Side.LEFT)
    assert one.value == pytest.approx(40, abs=1)
    assert one.category == "enhancing"
    assert lit.value("intradural_asymmetry", Side.LEFT) == pytest.approx(0, abs=0.5)


def test_a_foramen_nobody_labelled_leaves_its_root_absent_and_the_sacs_roots_measured(scene, disc_at) -> None:
    found = scene((CanalTissue.ROOT, disc_at(4, 0, 1.5))).measure(ID)
    assert found.absent("foraminal_root", Side.RIGHT).reason is Reason.STRUCTURE_NOT_LABELLED
    assert isinstance(found.result("intradural_root", Side.RIGHT), Measurement)
