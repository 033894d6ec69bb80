"""How a sequence turns a field offset into a displacement: plain TSE, VAT, SEMAC, MAVRIC."""

from __future__ import annotations

from dataclasses import dataclass

from lumbomics.core.errors import InputError
from lumbomics.core.visit import MetalTechnique

PROTON_HZ_PER_TESLA_PPM = 42.577478518
"""Gyromagnetic ratio of the proton over 2π (CODATA 2018), Hz for a millionth of one tesla."""


@dataclass(frozen=True, kw_only=True)
class MetalSequence:
    """What decides a displacement.

    Parameters
    ----------
    technique
        None, VAT, SEMAC or MAVRIC.
    field_tesla
        Field strength.
    bandwidth_hz
        Receiver bandwidth, Hz a pixel.
    excitation_hz
        Bandwidth of the slice-selective pulse; of one bin for MAVRIC.
    encoding_steps
        Through-plane steps of SEMAC.
    coverage_hz
        Offsets on either side that MAVRIC's bins cover.

    Notes
    -----
    A spin of offset f (Hz) at (x, z), in pixels along the readout and slices, is seen at

    - TSE: x + f / bandwidth, z + f / excitation;
    - VAT: the readout shift is undone, what is left is the place within the excited slice times
      excitation / bandwidth (blur); z as TSE;
    - SEMAC: as VAT in plane; z is undone for |f| / excitation <= encoding_steps / 2, beyond that the spin is lost;
    - MAVRIC: x + (f - centre of the bin) / bandwidth in both neighbouring bins, which share it, z kept; lost for
      |f| > coverage.

    After Lu et al., Magn Reson Med 2009;62:66 (SEMAC), Cho et al., Med Phys 1988;15:7 (VAT) and Koch et al., Magn Reson
    Med 2009;61:381 (MAVRIC).
    """

    technique: MetalTechnique = MetalTechnique.NONE
    field_tesla: float = 1.5
    bandwidth_hz: float = 220.0
    excitation_hz: float = 1200.0
    encoding_steps: int = 11
    coverage_hz: float = 12000.0

    def __post_init__(self) -> None:
        if self.technique is MetalTechnique.CT_MAR:
            raise InputError(
                "a technique of CT shifts no MR signal", expected="none, VAT, SEMAC or MAVRIC", got="CT_MAR"
            )
        positive = (self.field_tesla, self.bandwidth_hz, self.excitation_hz, self.encoding_steps, self.coverage_hz)
        if min(positive) <= 0:
            raise InputError("fields, bandwidths and steps are positive", got=str(self), where="metal sequence")

    @classmethod
    def usual(cls, technique: MetalTechnique, *, field_tesla: float = 1.5) -> MetalSequence:
        """Return usual settings of a technique: 220 Hz a pixel for plain TSE, more for the others."""
        bandwidth = {MetalTechnique.NONE: 220.0, MetalTechnique.MAVRIC: 900.0}.get(technique, 600.0)
        excitation = 1000.0 if technique is MetalTechnique.MAVRIC else 1200.0
        return cls(technique=technique, field_tesla=field_tesla, bandwidth_hz=bandwidth, excitation_hz=excitation)

    @property
    def hz_per_ppm(self) -> float:
        """Frequency of a field offset of one ppm."""
        return PROTON_HZ_PER_TESLA_PPM * self.field_tesla

    @property
    def readout_pixels_per_hz(self) -> float:
        """In-plane shift that is not undone; 0 where it is."""
        return 1 / self.bandwidth_hz if self.technique is MetalTechnique.NONE else 0.0

    @property
    def slices_per_hz(self) -> float:
        """Through-plane shift that is not undone; 0 where it is."""
        plain = self.technique in {MetalTechnique.NONE, MetalTechnique.VAT}
        return 1 / self.excitation_hz if plain else 0.0

    @property
    def blur_pixels(self) -> float:
        """Width (pixels) over which the place within a slice is spread along the readout."""
        sheared = self.technique in {MetalTechnique.VAT, MetalTechnique.SEMAC}
        return self.excitation_hz / self.bandwidth_hz if sheared else 0.0

    @property
    def bin_hz(self) -> float:
        """Distance of MAVRIC's bins; 0 elsewhere."""
        return self.excitation_hz if self.technique is MetalTechnique.MAVRIC else 0.0

    @property
    def reach_hz(self) -> float:
        """Largest offset still encoded; infinite for TSE and VAT."""
        if self.technique is MetalTechnique.SEMAC:
            return self.excitation_hz * self.encoding_steps / 2
        return self.coverage_hz if self.technique is MetalTechnique.MAVRIC else float("inf")
