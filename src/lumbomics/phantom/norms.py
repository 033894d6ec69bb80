"""Normal sizes of the adult thoracolumbar spine, the centre of every random phantom.

Values are rounded means of the studies named beside each table; they steer a phantom's looks and are no reference
values
for patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class VertebraNorm:
    """Mean sizes of one vertebra, mm and degrees.

    Parameters
    ----------
    height
        Height of the body in its middle line, between the rims.
    width, depth
        Left-right and front-back size of the body at its rims.
    canal_width, canal_depth
        Vertebral canal at the pedicles.
    pedicle_width, pedicle_height
        Narrowest pedicle section.
    transverse
        Tip to tip of the transverse processes.
    spinous
        Length of the spinous process behind the laminae.
    wedge
        Wedge angle of the body, positive when taller in front.
    facet_angle
        Angle of the joint below this vertebra from the sagittal plane.
    """

    height: float
    width: float
    depth: float
    canal_width: float
    canal_depth: float
    pedicle_width: float
    pedicle_height: float
    transverse: float
    spinous: float
    wedge: float
    facet_angle: float


def _norm(*values: float) -> VertebraNorm:
    return VertebraNorm(**dict(zip(VertebraNorm.__dataclass_fields__, values, strict=True)))


VERTEBRAE = MappingProxyType(
    {
        "T10": _norm(21.5, 31.0, 28.0, 18.0, 15.8, 7.4, 14.8, 52.0, 26.0, -3.5, 75.0),
        "T11": _norm(22.5, 34.0, 29.0, 19.4, 16.2, 8.6, 16.0, 50.0, 25.0, -3.0, 60.0),
        "T12": _norm(24.0, 38.0, 30.5, 21.6, 17.2, 8.4, 16.0, 48.0, 25.0, -3.0, 40.0),
        "T13": _norm(24.5, 39.0, 31.0, 22.0, 17.4, 8.4, 15.8, 56.0, 26.0, -2.0, 35.0),
        "L1": _norm(25.5, 41.0, 32.5, 22.8, 18.2, 8.6, 15.4, 70.0, 28.0, -1.5, 28.0),
        "L2": _norm(27.0, 43.0, 33.5, 23.2, 17.8, 8.9, 15.0, 76.0, 30.0, -0.5, 30.0),
        "L3": _norm(28.0, 45.0, 34.0, 23.8, 17.4, 10.2, 14.2, 84.0, 31.0, 1.0, 34.0),
        "L4": _norm(28.0, 47.5, 34.5, 24.8, 17.8, 12.6, 14.2, 82.0, 29.0, 2.5, 40.0),
        "L5": _norm(27.5, 49.0, 34.5, 26.8, 18.4, 15.0, 14.0, 88.0, 24.0, 8.0, 48.0),
        "L6": _norm(26.0, 49.5, 34.5, 27.5, 18.0, 15.5, 14.8, 90.0, 20.0, 8.0, 50.0),
        "S1": _norm(30.0, 50.0, 33.5, 29.0, 17.0, 16.0, 16.0, 100.0, 10.0, 0.0, 50.0),
    }
)
"""Vertebra -> mean sizes: bodies, canal and pedicles after Panjabi et al., Spine 1991;16:861 and 1992;17:299, body
heights and
wedges after Zhou et al., Eur Spine J 2000;9:242 and Vialle et al., J Bone Joint Surg Am 2005;87:260, facet angles after
Panjabi et al., Spine 1993;18:1298. T13 and L6 lie between their neighbours."""

DISC_HEIGHT_MM = MappingProxyType(
    {
        "T10": 5.6,
        "T11": 6.2,
        "T12": 7.2,
        "T13": 7.5,
        "L1": 8.4,
        "L2": 9.4,
        "L3": 10.2,
        "L4": 11.0,
        "L5": 10.4,
        "L6": 9.0,
    }
)
"""Vertebra above -> mean disc height (Zhou et al. 2000; Frobin et al., Clin Biomech 1997;12 Suppl 1:S1)."""

DISC_ANGLE_DEG = MappingProxyType(
    {
        "T10": -0.5,
        "T11": 0.0,
        "T12": 1.5,
        "T13": 2.0,
        "L1": 4.0,
        "L2": 6.0,
        "L3": 8.0,
        "L4": 11.5,
        "L5": 14.0,
        "L6": 12.0,
    }
)
"""Vertebra above -> mean disc angle, lordosis positive (Wambolt and Spencer, Orthop Trans 1987;11:92; Vialle 2005)."""

CANAL_AT_DISC = MappingProxyType({"width": 0.90, "depth": 0.92})
"""Canal between the flaval ligaments at the disc, as a share of the canal at the pedicles."""

SAC_SHARE = MappingProxyType({"width": 0.78, "depth": 0.80})
"""Dural sac as a share of the canal's width and depth; gives about 150 to 220 mm² at L3-L4 (Schizas et al., Spine
2010;35:1919,
and the normal areas of Schonstrom et al., J Orthop Res 1989;7:115)."""

LORDOSIS_MEAN_DEG, LORDOSIS_SD_DEG = 50.0, 9.0
"""Supine L1-S1 lordosis, a few degrees below the standing 60 ± 10 of Vialle et al. 2005."""

SACRAL_SLOPE_MEAN_DEG, SACRAL_SLOPE_SD_DEG = 39.0, 7.0
"""Sacral slope (Vialle et al. 2005: 41 ± 8 standing)."""
