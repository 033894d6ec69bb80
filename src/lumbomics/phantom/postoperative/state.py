"""One operated level with all that belongs to it, and its random draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lumbomics.core.examination import CanalTissue, Operation
from lumbomics.core.grid import Grid
from lumbomics.core.measurement import Result
from lumbomics.phantom.anatomy import Anatomy
from lumbomics.phantom.extra import Extra, Numbers
from lumbomics.phantom.postoperative.arachnoid import Arachnoiditis
from lumbomics.phantom.postoperative.bone import BoneDefect
from lumbomics.phantom.postoperative.collection import Collection, Haematoma
from lumbomics.phantom.postoperative.courses import RedundantRoots, Tether
from lumbomics.phantom.postoperative.fragment import DiscFragment
from lumbomics.phantom.postoperative.nerve import InflamedJoints, InflamedRoot
from lumbomics.phantom.postoperative.plug import ScarPlug
from lumbomics.phantom.postoperative.sac import SacShift
from lumbomics.phantom.postoperative.scar import EpiduralScar
from lumbomics.phantom.postoperative.truth import postoperative_truth
from lumbomics.phantom.scene import Scene
from lumbomics.phantom.signal import Injection
from lumbomics.phantom.soft import SoftTissue
from lumbomics.phantom.tissue import Properties


@dataclass(frozen=True, kw_only=True, eq=False)
class Postoperative(Extra):
    """What surgery at one level left behind; every part may be missing.

    Parameters
    ----------
    defect
        Removed bone and the approach; names the level, the side and the time.
    shift
        Of the dural sac.
    roots
        Arachnoiditis, serpentine roots, a low conus.
    joints, root
        Inflamed capsules and leaving root.
    scar, plug
        Epidural scar; scar on the disc.
    fragments
        Displaced disc material, two at most.
    blood, fluid
        Epidural haematoma; pseudomeningocele or seroma.
    """

    defect: BoneDefect
    shift: SacShift | None = None
    roots: tuple[Arachnoiditis | RedundantRoots | Tether, ...] = ()
    joints: InflamedJoints | None = None
    root: InflamedRoot | None = None
    scar: EpiduralScar | None = None
    plug: ScarPlug | None = None
    fragments: tuple[DiscFragment, ...] = ()
    blood: Haematoma | None = None
    fluid: Collection | None = None

    @property
    def parts(self) -> tuple[Extra, ...]:
        """All parts in the order in which they act: the sac and its roots first, fluid last."""
        given = (self.shift, *self.roots, self.defect, self.joints, self.scar, self.plug, self.root)
        return tuple(part for part in (*given, *self.fragments, self.blood, self.fluid) if part is not None)

    def build(self, anatomy: Anatomy) -> Anatomy:
        """Let every part change the closed form."""
        for part in self.parts:
            anatomy = part.build(anatomy)
        return anatomy

    def paint(self, tissue: Numbers, anatomy: Anatomy, soft: SoftTissue, grid: Grid) -> None:
        """Let every part paint."""
        for part in self.parts:
            part.paint(tissue, anatomy, soft, grid)

    def properties(self, anatomy: Anatomy, injection: Injection | None) -> Mapping[int, Properties]:
        """All parts' tissues."""
        return {n: values for part in self.parts for n, values in part.properties(anatomy, injection).items()}

    def canal(self) -> Mapping[int, CanalTissue]:
        """All parts' tissues."""
        return {number: kind for part in self.parts for number, kind in part.canal().items()}

    def operations(self) -> tuple[Operation, ...]:
        """Tell of the one operation."""
        return self.defect.operations()

    def truth(self, scene: Scene) -> Iterable[Result]:
        """Yield scar, sac, disc, root and fluid truth."""
        return postoperative_truth(self, scene)
