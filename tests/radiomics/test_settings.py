"""Settings and the list of features."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.radiomics import (
    Aggregation,
    Normalisation,
    RadiomicsSettings,
    families,
    features_of,
    load_features,
    require_engine,
)


def test_every_ibsi_id_names_one_feature_but_those_of_histograms_at_two_fractions() -> None:
    features = load_features().values()
    assert len(features) == 169
    shared = {f.ibsi for f in features if [g.ibsi for g in features].count(f.ibsi) > 1}
    assert shared == {"BC2M", "GBPN"}  # volume at 10 and 90 % intensity, intensity at 10 and 90 % volume
    assert all(len(f.ibsi) == 4 for f in features)


def test_our_names_are_those_the_engine_gives() -> None:
    registry = pytest.importorskip("zrad.radiomics.feature_registry", reason="z-rad is not installed")
    context = pytest.importorskip("zrad.radiomics.extraction_context").ExtractionContext(
        None, False, "3D", "MERG", False, False
    )
    theirs = {name: group.output_names(context) for name, group in registry.FEATURE_GROUPS.items()}
    ours = {family: [f.tag for f in features_of((family,))] for family in families()}
    assert set(theirs) == set(ours)
    for family, names in theirs.items():
        assert [name.split("_3D")[0] for name in names] == ours[family]


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(InputError, match="wavelets"):
        RadiomicsSettings(families=("glcm", "wavelets"))


def test_all_faults_of_settings_come_at_once() -> None:
    with pytest.raises(FaultsError) as raised:
        RadiomicsSettings(
            bins=1, bin_width=-1.0, intensity_range=(5.0, 5.0), outlier_sd=0, spacing_mm=np.nan, ivh_bins=0
        )
    assert len(raised.value.faults) == 7


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_a_confidence_is_a_probability(confidence: float) -> None:
    with pytest.raises(FaultsError, match="confidence"):
        RadiomicsSettings(minimum_numbering_confidence=confidence)


def test_bins_of_fixed_width_need_a_place_to_start_from() -> None:
    with pytest.raises(FaultsError, match="place to start from"):
        RadiomicsSettings(bins=None, bin_width=25.0)
    RadiomicsSettings(bins=None, bin_width=25.0, intensity_range=(-200.0, np.inf))


def test_settings_that_change_values_change_the_name_of_the_method() -> None:
    variants = [
        RadiomicsSettings(),
        RadiomicsSettings(aggregation=Aggregation.VOLUME_MERGED),
        RadiomicsSettings(bins=16),
        RadiomicsSettings(bins=None, bin_width=16.0, intensity_range=(0.0, 9.0)),
        RadiomicsSettings(intensity_range=(0.0, 9.0)),
        RadiomicsSettings(outlier_sd=3.0),
        RadiomicsSettings(spacing_mm=1.0),
        RadiomicsSettings(spacing_mm=2.0),
        RadiomicsSettings(ivh_bins=None),
    ]
    codes = {s.code(n) for s in variants for n in (Normalisation.Z_SCORE, Normalisation.NONE)}
    assert len(codes) == 2 * len(variants)


def test_without_the_engine_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zrad", None)
    monkeypatch.setitem(sys.modules, "zrad.radiomics", None)
    with pytest.raises(InputError, match=r"pip install 'lumbomics\[radiomics\]'"):
        require_engine()
