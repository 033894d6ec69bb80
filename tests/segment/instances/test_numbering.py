from __future__ import annotations

import pytest

from lumbomics.core.anatomy import NumberingSource, Transition
from lumbomics.segment.instances.numbering import Junction, disc_values, judge, sacral_disc_values, vertebra_values

SEEN = Junction(sacrum=True, ends_with_disc=True, free_mm=80, sacral_discs=0, slender_disc=False, supposed=0)


def changed(**fields: object) -> Junction:
    return Junction(**{**vars(SEEN), **fields})  # type: ignore[arg-type]


def test_a_sacrum_cannot_make_numbers_surer_than_the_share_of_people_with_the_usual_count() -> None:
    numbering, decision = judge(SEEN)
    # Tins and Balain 2016: 18 of 418 with one vertebra more, 14 with one fewer, none of them transitional
    assert numbering.confidence == pytest.approx(1 - (18 + 14) / 418, abs=1e-3)
    assert numbering.source is NumberingSource.SACRUM_ASSUMPTION
    assert numbering.alternative == 1
    assert "no ribs counted" in decision.because


def test_an_image_that_ends_under_the_lowest_level_gives_no_numbers() -> None:
    numbering, decision = judge(changed(sacrum=False, free_mm=34.0))
    assert numbering.source is NumberingSource.UNKNOWN
    assert numbering.confidence == 0
    assert "abstained" in decision.choice


def test_an_open_end_under_the_lowest_disc_is_a_weaker_anchor_than_a_sacrum() -> None:
    weaker = judge(changed(sacrum=False, free_mm=36.0))[0]
    assert weaker.source is NumberingSource.SACRUM_ASSUMPTION
    assert 0.9 < weaker.confidence < judge(SEEN)[0].confidence


def test_a_column_that_ends_with_bone_is_not_trusted_for_measuring() -> None:
    assert judge(changed(sacrum=False, ends_with_disc=False))[0].confidence < 0.5


def test_a_disc_inside_the_sacrum_is_told_as_a_possible_lumbarised_first_segment() -> None:
    numbering = judge(changed(sacral_discs=1))[0]
    assert numbering.transition is Transition.LUMBARISED_S1
    assert numbering.alternative == 1
    assert numbering.confidence == pytest.approx(0.6)


def test_a_rudimentary_lowest_disc_puts_every_level_one_higher_in_the_runner_up() -> None:
    numbering = judge(changed(slender_disc=True))[0]
    assert numbering.transition is Transition.SACRALISED_L5
    assert numbering.alternative == -1


def test_every_supposed_border_costs_trust() -> None:
    one, two = (judge(changed(supposed=count))[0].confidence for count in (1, 2))
    assert judge(SEEN)[0].confidence > one > two > 0


def test_vertebrae_end_with_l5_and_their_discs_carry_the_number_of_the_one_above() -> None:
    assert vertebra_values(7) == [18, 19, 20, 21, 22, 23, 24]
    assert vertebra_values(1, also_above=1) == [23, 24]
    assert disc_values([23, 24]) == [123, 124]
    assert sacral_disc_values(2) == [126, 129]
