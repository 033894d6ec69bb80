"""True values of an operated level, from sections of the closed form 0.2 mm fine and 1 mm apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lumbomics.core.anatomy import Side
from lumbomics.core.examination import IN_CANAL, IN_SAC, CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Context, Measurement, Result
from lumbomics.phantom.postoperative.masses import mass_truth
from lumbomics.phantom.postoperative.rays import defect_truth
from lumbomics.phantom.postoperative.sections import STEP_MM, Sections, row, sections
from lumbomics.phantom.scene import Scene
from lumbomics.phantom.signal import Injection, signal_table
from lumbomics.phantom.tissue import Tissue

if TYPE_CHECKING:
    from lumbomics.phantom.postoperative.state import Postoperative

Mask = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

_FINE_MM, _REACH_MM = 0.2, 8.0
_LEAST_TISSUE_MM2 = 10.0
_SOFT = (CanalTissue.SCAR, CanalTissue.DISC)


def postoperative_truth(state: Postoperative, scene: Scene) -> Iterator[Result]:
    """Yield every value of the operated level."""
    level = state.defect.level
    cut = sections(scene, level, low_mm=-_REACH_MM, high_mm=_REACH_MM, fine_mm=_FINE_MM, behind_mm=14.0, aside_mm=17.0)
    near = (*_fibrosis(cut, level), *_traction(cut, level), *_enhancement(cut, scene, level))
    for item in (*near, *mass_truth(state, scene), *defect_truth(scene, level)):
        yield item.within(Context(label_source="phantom", months_since_surgery=state.defect.months))


def _fibrosis(cut: Sections, level: str) -> Iterator[Measurement]:
    """Share of scar in every quadrant, over the epidural and over the whole quadrant's area."""
    scar, canal = cut.within(CanalTissue.SCAR), cut.within(*IN_CANAL)
    epidural = canal & ~cut.within(*IN_SAC)
    for side in (Side.LEFT, Side.RIGHT):
        for name, half in (("anterior", cut.y > 0), ("posterior", cut.y < 0)):
            quadrant = cut.on(side) & half
            found = float((scar & quadrant).sum())
            for what, space in (("epidural", epidural), ("quadrant", canal)):
                share = 100 * found / max(float((space & quadrant).sum()), 1.0)
                yield row("ross_fibrosis_sum", f"{name}_{what}_percent", "%", share, level, side)
        here = cut.on(side)
        share = 100 * float((scar & here).sum()) / max(float((epidural & here).sum()), 1.0)
        yield row("ross_fibrosis_sum", "scar_percent_of_epidural", "%", share, level, side)


def _traction(cut: Sections, level: str) -> Iterator[Measurement]:
    """Shift of the sac towards each side's soft tissue, planes weighted by the tissue's area."""
    sac = cut.within(*IN_SAC)
    for side in (Side.LEFT, Side.RIGHT):
        soft = cut.within(*_SOFT) & cut.on(side)
        total, weight = 0.0, 0.0
        for plane in range(cut.kinds.shape[2]):
            area = float(soft[:, :, plane].sum()) * _FINE_MM**2
            if area <= _LEAST_TISSUE_MM2 or not sac[:, :, plane].any():
                continue
            towards, middle = (
                np.array([cut.x[:, :, plane][mask].mean(), cut.y[:, :, plane][mask].mean()])
                for mask in (soft[:, :, plane], sac[:, :, plane])
            )
            total += area * float(middle @ towards) / max(float(np.linalg.norm(towards)), 1e-6)
            weight += area
        if weight:
            yield row("sac_traction", "towards_tissue", "mm", total / weight, level, side)


def _enhancement(cut: Sections, scene: Scene, level: str) -> Iterator[Measurement]:
    """Enhancement of scar and disc from the tissues' relaxation times, over that of muscle."""
    injection = Injection()
    pre = signal_table(scene.properties(), Contrast.T1)
    post = signal_table(scene.properties(injection), Contrast.T1_POST, injection=injection)
    muscle = post[Tissue.MUSCLE] / pre[Tissue.MUSCLE]
    for method, kind in (("scar", CanalTissue.SCAR), ("disc", CanalTissue.DISC)):
        for side in (Side.LEFT, Side.RIGHT):
            here = cut.numbers[cut.within(kind) & cut.on(side)]
            if len(here) * _FINE_MM**2 * STEP_MM > _LEAST_TISSUE_MM2:
                ratio = float(post[here].mean() / pre[here].mean() / muscle)
                yield row("enhancement_ratio", method, "%", 100 * (ratio - 1), level, side)
