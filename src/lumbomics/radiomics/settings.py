"""Every choice that changes a radiomic feature, and the name that keeps different choices apart in a table."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.radiomics.features import features_of


class Aggregation(StrEnum):
    """How texture matrices of slices and directions become one value (IBSI's suffixes)."""

    SLICES_AVERAGED = "2D_avg"
    SLICES_MERGED = "2D_comb"
    DIRECTIONS_MERGED = "2_5D_avg"
    ALL_SLICES_MERGED = "2_5D_comb"
    VOLUME_AVERAGED = "3D_avg"
    VOLUME_MERGED = "3D_comb"

    @property
    def dimension(self) -> str:
        """``2D``, ``2_5D`` or ``3D``: the suffix of matrices without directions."""
        return self.rsplit("_", 1)[0]

    @property
    def in_slices(self) -> bool:
        """Whether neighbours are looked for in the slice only."""
        return self.dimension != "3D"


class Interpolation(StrEnum):
    """How intensities are read between voxels; masks are always read linearly and cut at one half."""

    LINEAR = "linear"
    CUBIC = "cubic"


class Normalisation(StrEnum):
    """How intensities of arbitrary units are made comparable."""

    NONE = "none"
    """As they are: for calibrated images (HU, SUV, ms)."""
    Z_SCORE = "z_score"
    """(I - mean) / SD of the tissue outside every labelled structure."""
    CANAL_RATIO = "canal_ratio"
    """I / median of the spinal canal in the same image."""
    PSOAS_RATIO = "psoas_ratio"
    """I / median of both psoas muscles in the same image."""


@dataclass(frozen=True, kw_only=True)
class RadiomicsSettings:
    """Choices made before features are computed; constructed means usable.

    Parameters
    ----------
    aggregation
        Of texture matrices. The default looks for neighbours in the slice and merges all slices: spine MR has slices
        of 3-5 mm and pixels below 1 mm.
    bins
        Number of grey levels between the lowest and highest intensity of the region; ``None`` with ``bin_width``.
    bin_width
        Width of a grey level in units of the normalised image, counted from ``intensity_range[0]``.
    intensity_range
        Lowest and highest intensity that belongs to a region (IBSI's range re-segmentation), after normalisation.
    outlier_sd
        Leave out voxels further from the region's mean than this many standard deviations.
    spacing_mm
        Edge of the voxels to resample to: in the slice for aggregations in slices, in all directions otherwise;
        ``None`` keeps the voxels.
    interpolation
        Of intensities.
    normalisation
        ``None``: z score for arbitrary units, none for calibrated ones.
    ivh_bins
        Grey levels of the intensity-volume histogram (IBSI: 1000 for arbitrary units); ``None`` takes intensities as
        they are, in steps of 1.
    families
        Feature families; all where empty.
    minimum_numbering_confidence
        Below it (where it is stated), what belongs to a level is withheld.

    Raises
    ------
    FaultsError
        With all faults at once.
    """

    aggregation: Aggregation = Aggregation.ALL_SLICES_MERGED
    bins: int | None = 32
    bin_width: float | None = None
    intensity_range: tuple[float, float] | None = None
    outlier_sd: float | None = None
    spacing_mm: float | None = None
    interpolation: Interpolation = Interpolation.LINEAR
    normalisation: Normalisation | None = None
    ivh_bins: int | None = 1000
    families: tuple[str, ...] = ()
    minimum_numbering_confidence: float = 0.9

    def __post_init__(self) -> None:
        features_of(self.families)
        faults = [*self._bin_faults(), *self._other_faults()]
        if faults:
            raise FaultsError(faults)

    def _bin_faults(self) -> list[InputError]:
        faults = []
        if (self.bins is None) == (self.bin_width is None):
            faults.append(InputError("state the number of bins or their width", expected="one", got="both or neither"))
        for name, number in (("bins", self.bins), ("ivh_bins", self.ivh_bins)):
            if number is not None and number < 2:
                faults.append(InputError(f"{name} too few", expected="2 or more", got=str(number)))
        if self.bin_width is not None and not (math.isfinite(self.bin_width) and self.bin_width > 0):
            faults.append(InputError("bin_width must be positive", got=str(self.bin_width)))
        if self.bin_width is not None and self.intensity_range is None:
            faults.append(
                InputError(
                    "bins of fixed width need a place to start from",
                    expected="intensity_range with a finite lower end",
                    got="none",
                    hint="give the range of intensities the tissue can have",
                )
            )
        return faults

    def _other_faults(self) -> list[InputError]:
        faults = []
        if self.intensity_range is not None:
            low, high = self.intensity_range
            if not (math.isfinite(low) and low < high):
                faults.append(InputError("no range of intensities", expected="low < high", got=f"{low} to {high}"))
        for name, number in (("outlier_sd", self.outlier_sd), ("spacing_mm", self.spacing_mm)):
            if number is not None and not (math.isfinite(number) and number > 0):
                faults.append(InputError(f"{name} must be positive", got=str(number)))
        if not 0 <= self.minimum_numbering_confidence <= 1:
            faults.append(
                InputError("confidence out of range", expected="0 to 1", got=str(self.minimum_numbering_confidence))
            )
        return faults

    def code(self, normalisation: Normalisation) -> str:
        """Name the choices for the ``method`` column: values of different codes must not be pooled."""
        grey = f"bins{self.bins}" if self.bin_width is None else f"width{self.bin_width:g}"
        parts = [str(self.aggregation), grey, str(normalisation)]
        if self.spacing_mm is not None:
            parts.append(f"{self.spacing_mm:g}mm_{self.interpolation}")
        if self.intensity_range is not None:
            parts.append("from{:g}to{:g}".format(*self.intensity_range))
        if self.outlier_sd is not None:
            parts.append(f"within{self.outlier_sd:g}sd")
        if self.ivh_bins != 1000:
            parts.append(f"ivh{self.ivh_bins or 'direct'}")
        return "-".join(parts)

    def as_json(self) -> dict[str, object]:
        """All choices as plain values; an infinite end of a range as text."""
        plain: dict[str, object] = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        if self.intensity_range is not None:
            plain["intensity_range"] = [end if math.isfinite(end) else str(end) for end in self.intensity_range]
        return plain
