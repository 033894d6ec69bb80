"""The pictures of one series with their titles, captions and alternative texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lumbomics.core.anatomy import VERTEBRA_NAMES
from lumbomics.core.measurement import Measurement
from lumbomics.report.composition import Composition, Panel, Picture, load_composition
from lumbomics.report.figures import axial_figure, coronal_figure, foramina_figure, profile_figure, sagittal_figure
from lumbomics.report.figures.canvas import PAGE_IN, Png
from lumbomics.report.profile import Profile
from lumbomics.report.raster import Raster, through_plane_mm
from lumbomics.report.scene import Scene, axial_raster, coronal_raster, sagittal_raster
from lumbomics.report.text import biomarker_name, list_text

_BENT_MM = 4.0
_COARSE_MM = 2.0


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture ready for the page."""

    title: str
    caption: str
    alt: str
    png: Png

    @property
    def width_percent(self) -> float:
        """Share of the page's width."""
        return round(100 * min(1.0, self.png.width_in / PAGE_IN), 1)


def series_pictures(scene: Scene, composition: Composition, profiles: Sequence[Profile]) -> list[Shown]:
    """Draw every picture that the labels and values of a series allow."""
    words = composition.pictures
    shown = [_shown(words["sagittal"], scene, sagittal_raster(scene), sagittal_figure(scene, words["sagittal"].panels))]
    axial = axial_figure(scene, words["axial"])
    if axial is not None:
        shown.append(_shown(words["axial"], scene, axial_raster(scene, scene.discs()[0]), axial))
    foramina = foramina_figure(scene, words["foramina"])
    if foramina is not None:
        shown.append(_shown(words["foramina"], scene, sagittal_raster(scene), foramina))
    if any(words["coronal"].holds(m) for m in scene.measurements):
        shown.append(_shown(words["coronal"], scene, coronal_raster(scene), coronal_figure(scene, words["coronal"])))
    return shown + [_curve(words["profile"], profile) for profile in profiles]


def _shown(words: Picture, scene: Scene, raster: Raster, png: Png) -> Shown:
    panels: tuple[Panel, ...] = words.panels or (words,)
    drawn = (m for m in scene.measurements if any(panel.holds(m) for panel in panels))
    plane = load_composition().axial_planes["canal" if scene.frame.has_canal else "disc"]
    fill = {"bend": _bend(raster), "reformat": _reformat(scene, raster), "plane": plane}
    names = [VERTEBRA_NAMES[number] for number in scene.frame.bodies]
    levels = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    alt = words.alt.format(levels=levels, what=_what(drawn))
    return Shown(title=words.title, caption=words.caption.format(**fill), alt=alt, png=png)


def _what(measurements: Iterable[Measurement]) -> str:
    return list_text(dict.fromkeys(biomarker_name(m.biomarker).lower() for m in measurements)) or "no measurement"


def _bend(raster: Raster) -> str:
    return f", bent sideways by {raster.bend_mm:.0f} mm to follow the curve" if raster.bend_mm > _BENT_MM else ""


def _reformat(scene: Scene, raster: Raster) -> str:
    if scene.image is None:
        return ""
    coarse = through_plane_mm(scene.image.grid, raster)
    return f" Reformatted across slices {coarse:.1f} mm apart: small detail is lost." if coarse > _COARSE_MM else ""


def _curve(words: Picture, profile: Profile) -> Shown:
    return Shown(
        title=words.title.format(name=profile.name),
        caption=words.caption.format(name=profile.name),
        alt=words.alt.format(name=profile.name),
        png=profile_figure(profile),
    )
