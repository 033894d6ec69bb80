"""The limits of the checks, from ``settings.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import yaml

from lumbomics.core.errors import FaultsError, InputError


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """Limits, all engineering defaults; ``settings.yaml`` says of each what it rests on."""

    ct_air_share: float
    least_correlation: float
    coarsest_in_plane_mm: float
    widest_slice_step_mm: float
    least_view_mm: float
    least_voxels: float
    least_bodies: float
    least_depth_mm: float
    least_spacing_mm: float
    largest_spacing_mm: float
    narrowest_step: float
    widest_step: float
    lowest_body: float
    highest_body: float
    smallest_body: float
    highest_disc: float
    deepest_disc: float
    largest_disc: float
    disc_outside: float
    island_share: float
    island_distance: float
    longest_canal_gap_mm: float
    one_sided: float
    better_elsewhere: float
    least_confidence: float
    metal_share: float
    metal_remark: float
    most_unusable: float
    numbering_remark: float

    def __post_init__(self) -> None:
        wrong = [f.name for f in fields(self) if not getattr(self, f.name) >= 0]
        if wrong:
            raise FaultsError([InputError("a limit is not a positive number", where=name) for name in wrong])


@cache
def default_settings() -> QualitySettings:
    """Read the limits shipped with the package; FaultsError names all that are missing or not known."""
    text = files("lumbomics.segment.quality").joinpath("settings.yaml").read_text(encoding="utf-8")
    return settings_from(text)


def settings_from(text: str) -> QualitySettings:
    """Read limits from YAML text laid out as ``settings.yaml``."""
    given = {name: float(entry["value"]) for name, entry in yaml.safe_load(text)["limits"].items()}
    known = {f.name for f in fields(QualitySettings)}
    faults = [InputError("limit is missing", where=name) for name in sorted(known - given.keys())]
    faults += [InputError("limit is not known", where=name) for name in sorted(given.keys() - known)]
    if faults:
        raise FaultsError(faults)
    return QualitySettings(**given)
