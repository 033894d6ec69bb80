"""Random worn spines: the same seed the same patient, all kinds occur, truth stands beside each."""

from __future__ import annotations

import numpy as np
import pytest

from lumbomics.core.errors import InputError
from lumbomics.phantom import PhantomParameters
from lumbomics.phantom.lesions import Endplate, Lesions, Modic, ModicType, draw_lesions, make_worn_phantom
from lumbomics.phantom.lesions.marrow import modic_volume_mm3
from lumbomics.phantom.lesions.truth import _oedema, lesion_truth


@pytest.fixture(scope="module")
def drawn():
    return [draw_lesions(seed, PhantomParameters.random(seed), infection_chance=0.2) for seed in range(60)]


def test_all_kinds_occur(drawn):
    for kind in ("modic", "defects", "zones", "infections", "facets", "flava", "fats", "muscles"):
        assert any(getattr(lesions, kind) for lesions in drawn), kind
    assert {state.grade for lesions in drawn for state in lesions.discs.values()} == {1, 2, 3, 4, 5}
    assert {state.grade for lesions in drawn for state in lesions.facets} == {0, 1, 2, 3}
    assert {item.kind for lesions in drawn for item in lesions.modic} == {1, 2, 3}


def test_the_same_seed_gives_the_same_patient():
    one, two = (draw_lesions(4, PhantomParameters.random(4)) for _ in range(2))
    assert (one.discs, one.modic, one.facets, one.muscles) == (two.discs, two.modic, two.facets, two.muscles)


def test_lower_discs_are_worn_more(drawn):
    def mean(disc):
        return np.mean([lesions.discs[disc].grade for lesions in drawn if disc in lesions.discs])

    assert mean("L4-L5") > mean("T11-T12") + 0.5


def test_truth_has_one_value_for_each_quantity_and_place():
    phantom = make_worn_phantom(8)
    rows = list(lesion_truth(phantom.scene.extras[0], phantom.scene))
    keys = [(r.biomarker, r.method, r.level, r.side) for r in rows]
    assert len(keys) == len(set(keys))
    assert {r.context.label_source for r in rows} == {"phantom"}
    lumbar = {d for d in phantom.parameters.discs if d.startswith("L")}
    for biomarker in ("modic_type", "high_intensity_zone", "discitis_score", "paraspinal_csa", "epidural_fat"):
        assert {r.level for r in rows if r.biomarker == biomarker} == lumbar


def test_oedema_is_the_volume_of_type_1_changes_by_side():
    change = Modic(disc="L4-L5", endplate=Endplate.UPPER, kind=ModicType.OEDEMA, height_mm=10)
    phantom = make_worn_phantom(0, PhantomParameters.typical(), lesions=Lesions(modic=(change,)))
    rows = {(r.level, r.side.value): r.value for r in _oedema(phantom.scene.extras[0], phantom.scene)}
    whole = modic_volume_mm3(change, phantom.anatomy)
    assert rows["L4", "left"] + rows["L4", "right"] == pytest.approx(whole, rel=0.06)
    assert rows["L4", "left"] == pytest.approx(rows["L4", "right"], rel=0.1)
    assert rows["L5", "left"] == 0


def test_seeds_and_chances_out_of_range_are_refused():
    with pytest.raises(InputError):
        draw_lesions(-1, PhantomParameters.typical())
    with pytest.raises(InputError):
        draw_lesions(1, PhantomParameters.typical(), infection_chance=2.0)
