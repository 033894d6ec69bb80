"""The learned step: what it is given, what it must find in patients it was not fitted on, and what stays undecided."""

from dataclasses import replace

import numpy as np
import pytest

from lumbomics.core.anatomy import Side
from lumbomics.core.errors import SegmentationError
from lumbomics.core.examination import CanalTissue
from lumbomics.core.image import Contrast
from lumbomics.phantom.imaging import Acquisition
from lumbomics.phantom.parameters import PhantomParameters
from lumbomics.phantom.phantom import make_phantom
from lumbomics.phantom.postoperative import (
    BloodAge,
    DiscFragment,
    Displacement,
    Kind,
    Vessels,
    draw_state,
    make_postoperative,
)
from lumbomics.phantom.signal import Injection
from lumbomics.segment.axial import draw_canal_tissue, learned
from lumbomics.segment.axial.canal import look_at
from lumbomics.segment.axial.evidence import evidence
from lumbomics.segment.axial.learned import CLASSES, load_classifier
from lumbomics.segment.axial.patch import Reach, cut_patch
from lumbomics.segment.axial.place import find_places
from lumbomics.segment.axial.told import told_sac, told_tissue, undecide

SEED, LEVEL = 1201, "L4-L5"
"""Beyond the seeds of the fit."""


def patient_with(take_patient, kind, **parts):
    """A patient of a kind, parts of the operated level exchanged."""
    spine = PhantomParameters.random(SEED)
    spine = replace(spine, herniations=(), canal_narrowing=dict.fromkeys(spine.canal_narrowing, 0.0))
    state = draw_state(np.random.default_rng(SEED), kind, level=LEVEL, side=Side.LEFT)
    changed = {name: change(state) for name, change in parts.items()}
    return take_patient(make_phantom(SEED, spine, extras=(replace(state, **changed),)), slices=3)


def drawn_on(patient, segmentation=None):
    scans = patient.scans
    labels = segmentation or patient.segmentation
    return draw_canal_tissue(scans["t2"], labels, t1=scans["t1"], post=scans["post"]).labels.array


@pytest.fixture(scope="module")
def bleeding(take_patient):
    return patient_with(take_patient, Kind.HAEMATOMA, blood=lambda state: replace(state.blood, age=BloodAge.ACUTE))


@pytest.fixture(scope="module")
def vascular(take_patient):
    """A fragment whose core takes up a third of what its rim does; the labels show it as disc."""
    fragment = DiscFragment(
        level=LEVEL,
        side=Side.LEFT,
        kind=Displacement.EXTRUSION,
        size_mm=7.0,
        rim_mm=0.8,
        vessels=Vessels(core_share=0.3),
    )
    return patient_with(take_patient, Kind.PLAIN, fragments=lambda _: (fragment,))


def test_acute_blood_is_blood_and_neither_root_nor_sac(bleeding, overlap):
    drawn, blood = drawn_on(bleeding), CanalTissue.HAEMATOMA
    assert (bleeding.tissue == blood).sum() > 300
    assert overlap(drawn == blood, bleeding.tissue == blood) > 0.7
    taken = np.isin(drawn[bleeding.tissue == blood], (CanalTissue.ROOT, CanalTissue.FLUID))
    assert taken.mean() < 0.1


def test_a_fragment_with_vessels_that_the_labels_count_as_disc_is_found(vascular, overlap):
    drawn, disc = drawn_on(vascular), CanalTissue.DISC
    scans = vascular.scans
    stack = look_at(scans["t2"], vascular.segmentation, t1=scans["t1"], post=scans["post"]).stack
    hidden = np.mean(np.concatenate([s.patch.disc[vascular.tissue[s.patch.whole] == disc] for s in stack]) > 0.5)
    assert hidden > 0.4
    assert overlap(drawn == disc, vascular.tissue == disc) > 0.6
    assert (drawn[vascular.tissue == disc] == CanalTissue.SCAR).mean() < 0.2


def test_where_no_disc_is_displaced_none_is_drawn(bleeding):
    assert not (bleeding.tissue == CanalTissue.DISC).any()
    assert not (drawn_on(bleeding) == CanalTissue.DISC).any()


def test_fat_suppression_after_contrast_hides_no_scar(take_patient, overlap):
    phantom = make_postoperative(SEED, Kind.SCAR, level=LEVEL, side=Side.RIGHT)
    patient, scar = take_patient(phantom), CanalTissue.SCAR
    shown = patient.scans["post"]
    acquisition = Acquisition(injection=Injection(), fat_suppressed=True)
    image = phantom.image(shown.image.grid, Contrast.T1_POST, acquisition=acquisition)
    dark = replace(shown, image=image, fat_suppressed=True)
    drawn = draw_canal_tissue(patient.scans["t2"], patient.segmentation, t1=patient.scans["t1"], post=dark)
    assert overlap(drawn.labels.array == scar, patient.tissue == scar) > 0.74


def test_the_classifier_looks_at_what_its_card_names(vascular):
    scans = vascular.scans
    stack = look_at(scans["t2"], vascular.segmentation, t1=scans["t1"], post=scans["post"]).stack
    assert set(load_classifier().numbers) == set(evidence(stack)[0])


def test_an_only_slice_stands_for_its_missing_neighbours(vascular):
    scans = vascular.scans
    stack = look_at(scans["t2"], vascular.segmentation, t1=scans["t1"], post=scans["post"]).stack
    alone = evidence(stack[1:2])[0]
    assert np.array_equal(alone["t2_1_beside"], alone["t2_1"])
    among = evidence(stack)[1]
    assert not np.allclose(among["t2_1_beside"], among["t2_1"])


def test_a_classifier_that_is_not_the_cards_is_refused(monkeypatch):
    card = learned.read_card(learned.files("lumbomics.segment.axial") / "weights")
    monkeypatch.setattr(learned, "read_card", lambda _: card.model_copy(update={"sha256": "0" * 64}))
    with pytest.raises(SegmentationError, match="not the one its card describes"):
        load_classifier.__wrapped__()


def test_a_missing_card_is_told(tmp_path):
    with pytest.raises(SegmentationError, match="card of the classifier cannot be read"):
        learned.read_card(tmp_path)


@pytest.fixture(scope="module")
def patch(plain):
    scan = plain.scans["t2"]
    place = find_places(scan.image.grid, plain.segmentation.spine)[1]
    return cut_patch(scan, place, plain.segmentation.spine, {}, Reach(side=20.0, front=15.0, back=15.0))


def chances_of(patch, **shares):
    """Chances that are the same everywhere."""
    chances = np.zeros((len(CLASSES), *patch.x.shape))
    for name, share in shares.items():
        chances[CLASSES.index(CanalTissue[name.upper()])] = share
    return chances


def test_between_scar_and_disc_nothing_is_decided(patch):
    even, clear = chances_of(patch, scar=0.52, disc=0.48), chances_of(patch, scar=0.15, disc=0.85)
    assert (told_tissue(patch, even) == CanalTissue.EPIDURAL_TISSUE).all()
    assert (told_tissue(patch, clear) == CanalTissue.DISC).all()


def test_what_bulges_into_the_sac_is_taken_out_of_it_and_the_sac_grows_little(patch):
    radius = np.hypot(patch.x, patch.y)
    sac, told = radius < 8, np.zeros(patch.x.shape, dtype=np.uint8)
    told[radius < 13] = CanalTissue.FLUID
    told[patch.y < -4] = CanalTissue.HAEMATOMA
    found = told_sac(patch, sac, told)
    assert not (found & (patch.y < -4)).any()
    assert radius[found].max() == pytest.approx(10, abs=2 * patch.pixel_mm)
    assert np.array_equal(told_sac(patch, sac, np.zeros_like(told)), sac)


def test_pieces_of_disc_or_blood_too_small_or_unsure_to_be_believed_are_undecided():
    tissue = np.zeros((20, 20, 3), dtype=np.uint8)
    tissue[2:4, 2:4, 0] = CanalTissue.DISC
    tissue[2:4, 10:18, 1:] = CanalTissue.HAEMATOMA
    tissue[10:18, 10:18, 1:] = CanalTissue.DISC
    surest = np.full(tissue.shape, 0.99)
    surest[2:4, 10:18] = 0.6
    settled = undecide(tissue, surest, 1.2)
    assert (settled[2:4, 2:4, 0] == CanalTissue.EPIDURAL_TISSUE).all()
    assert (settled[2:4, 10:18, 1:] == CanalTissue.EPIDURAL_TISSUE).all()
    assert (settled[10:18, 10:18, 1:] == CanalTissue.DISC).all()
