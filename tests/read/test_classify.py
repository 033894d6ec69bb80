"""Protocols as departments run them; times in ms from common lumbar protocols at 1.5 and 3 T."""

import csv
from collections import Counter

import pytest

from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Posture
from lumbomics.core.visit import MetalTechnique, Plane
from lumbomics.read import Override, SeriesHeaders, classify, posture_of
from lumbomics.read.classify import rules
from lumbomics.read.naming import series_name, unique_names


def mr(te=None, tr=None, ti=None, *texts, **more):
    more.setdefault("plane", Plane.SAGITTAL)
    return SeriesHeaders(
        modality="MR", echo_time_ms=te, repetition_time_ms=tr, inversion_time_ms=ti, texts=texts, **more
    )


SE, GR, IR = ("SE",), ("GR",), ("SE", "IR")
PHYSICS = [
    ("T1 TSE 1.5 T", mr(10, 550, scanning_sequence=SE), Contrast.T1),
    ("T1 TSE 3 T", mr(9.5, 900, scanning_sequence=SE), Contrast.T1),
    ("T1 FLAIR", mr(20, 2100, 860, scanning_sequence=IR), Contrast.T1),
    ("T2 TSE", mr(102, 3500, scanning_sequence=SE, acquisition="2D"), Contrast.T2),
    ("T2 TSE of thin 2D slices", mr(90, 2000, slice_thickness_mm=1.5, acquisition="2D"), Contrast.T2),
    ("PD TSE", mr(28, 3000, scanning_sequence=SE), Contrast.PD),
    ("STIR 1.5 T", mr(60, 4500, 160, scanning_sequence=IR), Contrast.STIR),
    ("STIR 3 T", mr(40, 4200, 220, scanning_sequence=IR), Contrast.STIR),
    ("T2 SPACE", mr(130, 1500, scanning_sequence=SE, acquisition="3D"), Contrast.T2_SPACE),
    ("TrueFISP", mr(2.2, 4.4, scanning_sequence=GR, sequence_variant=("SS",), flip_angle_deg=60), Contrast.BSSFP),
    ("spoiled 3D gradient echo", mr(2.4, 6, scanning_sequence=GR, sequence_variant=("SP",)), Contrast.T1),
    ("MEDIC", mr(20, 700, scanning_sequence=GR), Contrast.UNKNOWN),
    ("DWI", mr(70, 5000, scanning_sequence=("EP",), b_value_s_mm2=800), Contrast.DWI),
    ("no timing at all", mr(), Contrast.UNKNOWN),
]
WORDS = [
    ("t1_tse_sag", Contrast.T1),
    ("T2 TSE sag LWS", Contrast.T2),
    ("t2_tirm_sag", Contrast.STIR),
    ("STIR longTE", Contrast.STIR),
    ("t2_spc_sag SPACE iso", Contrast.T2_SPACE),
    ("3D CUBE T2", Contrast.T2_SPACE),
    ("pd_tse_fs_cor", Contrast.PD),
    ("densité de protons sag", Contrast.PD),
    ("FIESTA-C ax", Contrast.BSSFP),
    ("t2_me2d_tra MEDIC", Contrast.UNKNOWN),
    ("resolve_diff_tra", Contrast.DWI),
    ("t1_tse_sag nach KM", Contrast.T1_POST),
    ("T1 sag après injection", Contrast.T1_POST),
    ("T1 sag na contrast", Contrast.T1_POST),
    ("T1 SAG CON CONTRASTE", Contrast.T1_POST),
    ("T1 TSE sag +C", Contrast.T1_POST),
    ("T1 TSE post Gd fs", Contrast.T1_POST),
    ("T1 TSE nativ", Contrast.T1),
    ("T1 sans injection", Contrast.T1),
    ("T1 TSE without contrast", Contrast.T1),
    ("t2_dixon_sag_W", Contrast.DIXON_WATER),
    ("T2 Dixon Wasser", Contrast.DIXON_WATER),
    ("T2 mDIXON graisse", Contrast.DIXON_FAT),
    ("T2 Dixon in-phase", Contrast.T2),
    ("knie", Contrast.UNKNOWN),
]


@pytest.mark.parametrize(("headers", "contrast"), [row[1:] for row in PHYSICS], ids=[row[0] for row in PHYSICS])
def test_timing_alone_names_the_contrast(headers, contrast):
    assert classify(headers).contrast is contrast


@pytest.mark.parametrize(("text", "contrast"), WORDS, ids=[row[0] for row in WORDS])
def test_words_alone_name_the_contrast(text, contrast):
    assert classify(mr(None, None, None, text)).contrast is contrast


def test_agreement_raises_the_confidence_and_contradiction_lowers_it():
    alone = classify(mr(100, 3500)).confidence
    agreed = classify(mr(100, 3500, None, "t2 sag"))
    opposed = classify(mr(100, 3500, None, "t1 sag"))
    assert opposed.confidence < alone < agreed.confidence
    assert opposed.contrast is Contrast.T2
    assert "contradicts" in opposed.decisions[0].because


def test_nothing_known_has_no_confidence():
    assert classify(SeriesHeaders()).confidence == 0


def test_the_deciding_facts_are_named_and_the_words_are_not_quoted():
    because = classify(mr(100, 3500, None, "t2 sag Muster Maria")).decisions[0].because
    assert "TE 100 ms, TR 3500 ms" in because
    assert "muster" not in because.lower()


def test_an_agent_in_the_header_makes_t1_post_contrast_and_t2_stays():
    assert classify(mr(10, 600, contrast_agent=True)).contrast is Contrast.T1_POST
    assert classify(mr(100, 3500, contrast_agent=True)).contrast is Contrast.T2


def test_an_agent_in_the_header_of_a_series_called_native_is_doubted():
    kind = classify(mr(10, 600, None, "t1 nativ", contrast_agent=True))
    assert kind.contrast is Contrast.T1_POST
    assert kind.confidence <= 0.5
    assert any("contradicts" in one.because for one in kind.decisions)


@pytest.mark.parametrize(
    ("types", "contrast"),
    [(("W",), Contrast.DIXON_WATER), (("FAT",), Contrast.DIXON_FAT), (("IN_PHASE",), Contrast.T2)],
)
def test_dixon_parts_are_told_by_the_picture_type(types, contrast):
    headers = mr(90, 3500, None, "t2 dixon", image_type=("DERIVED", "PRIMARY", "DIXON", *types))
    assert classify(headers).contrast is contrast


def test_a_diffusion_map_is_no_diffusion_picture():
    assert classify(mr(70, 5000, None, "dwi ADC", b_value_s_mm2=800)).contrast is Contrast.UNKNOWN


@pytest.mark.parametrize(
    ("headers", "suppressed"),
    [
        (mr(100, 3500, scan_options=("FS",)), True),
        (mr(100, 3500, None, "t2 spair"), True),
        (mr(100, 3500, None, "T2 fettgesättigt"), True),
        (mr(60, 4500, 160), True),
        (mr(100, 3500, None, "t2 tse"), False),
    ],
)
def test_fat_suppression(headers, suppressed):
    assert classify(headers).fat_suppressed is suppressed


@pytest.mark.parametrize(
    ("text", "modality", "technique"),
    [
        ("t2 SEMAC", "MR", MetalTechnique.SEMAC),
        ("STIR MAVRIC-SL", "MR", MetalTechnique.MAVRIC),
        ("t1_tse_WARP", "MR", MetalTechnique.VAT),
        ("t1 VAT", "MR", MetalTechnique.VAT),
        ("LWS 1.0 iMAR", "CT", MetalTechnique.CT_MAR),
        ("Spine O-MAR", "CT", MetalTechnique.CT_MAR),
        ("LWS 1.0", "CT", MetalTechnique.NONE),
        ("t2 tse", "MR", MetalTechnique.NONE),
    ],
)
def test_metal_techniques(text, modality, technique):
    assert classify(SeriesHeaders(modality=modality, texts=(text,))).metal_technique is technique


@pytest.mark.parametrize(
    ("headers", "contrast"),
    [
        (SeriesHeaders(modality="CT", kernel="Br64"), Contrast.CT),
        (SeriesHeaders(modality="CT", intrathecal=True), Contrast.CT_MYELOGRAPHY),
        (SeriesHeaders(modality="CT", texts=("Myelo-CT LWS",)), Contrast.CT_MYELOGRAPHY),
        (SeriesHeaders(modality="DX"), Contrast.RADIOGRAPH),
        (SeriesHeaders(modality="CR"), Contrast.RADIOGRAPH),
        (SeriesHeaders(modality="NM"), Contrast.NM),
        (SeriesHeaders(modality="PT"), Contrast.PET),
    ],
)
def test_other_modalities(headers, contrast):
    kind = classify(headers)
    assert kind.contrast is contrast
    assert kind.kernel == (headers.kernel or None)


def test_the_operator_wins_part_by_part():
    kind = classify(mr(100, 3500), Override(plane=Plane.AXIAL, metal_technique=MetalTechnique.VAT))
    assert (kind.contrast, kind.plane, kind.metal_technique) == (Contrast.T2, Plane.AXIAL, MetalTechnique.VAT)
    assert {one.by for one in kind.decisions if one.what in {"plane", "metal technique"}} == {"operator"}
    assert sum(one.what == "plane" for one in kind.decisions) == 1


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (mr(100, 3500), "acq-sag_T2w"),
        (mr(10, 600, plane=Plane.AXIAL, contrast_agent=True), "acq-ax_ce-gadolinium_T1w"),
        (mr(60, 4500, 160), "acq-sagSTIR_T2w"),
        (mr(130, 1500, acquisition="3D", plane=Plane.ISOTROPIC), "acq-isoSPACE_T2w"),
        (mr(100, 3500, None, "t2 fs WARP"), "acq-sagFSVAT_T2w"),
        (mr(90, 3500, None, "t2 dixon water"), "acq-sagDixonwater_T2w"),
        (SeriesHeaders(modality="CT", plane=Plane.AXIAL), "acq-ax_ct"),
    ],
)
def test_series_names(headers, name):
    assert series_name(classify(headers)) == name


def test_equal_names_are_numbered():
    assert unique_names(["acq-ax_T2w", "T1w", "acq-ax_T2w"]) == ("acq-ax_run-1_T2w", "T1w", "acq-ax_run-2_T2w")


@pytest.mark.parametrize(
    ("modality", "position", "text", "posture"),
    [
        ("MR", "HFS", "", Posture.SUPINE),
        ("CT", "FFS", "", Posture.SUPINE),
        ("MR", "HFP", "", Posture.PRONE),
        ("CT", "HFDR", "", Posture.UNKNOWN),
        ("DX", "HFS", "", Posture.UNKNOWN),
        ("DX", "", "LWS seitl. im Stehen", Posture.STANDING),
        ("DX", "", "Rachis lombaire debout", Posture.STANDING),
        ("DX", "", "L-Spine flexion standing", Posture.FLEXION),
        ("DX", "", "LWS Reklination", Posture.EXTENSION),
        ("CT", "", "weight bearing", Posture.WEIGHT_BEARING_CT),
        ("MR", "", "upright", Posture.STANDING),
        ("MR", "", "t2 flex dixon", Posture.UNKNOWN),
    ],
)
def test_posture(modality, position, text, posture):
    assert posture_of(SeriesHeaders(modality=modality, patient_position=position, texts=(text,))) is posture


def test_every_rule_can_decide():
    names = {rule["contrast"] for rule in rules()["rules"]} | {row[1] for row in rules()["words"]}
    assert names <= {contrast.value for contrast in Contrast}
    fields = set(SeriesHeaders.__dataclass_fields__) | {"echo_share"}
    for rule in rules()["rules"]:
        assert {*rule.get("ranges", {}), *rule.get("any", {}), *rule.get("none", {})} <= fields
        assert 0 < rule["confidence"] < 1


@pytest.mark.realdata
def test_real_lumbar_series_are_named_from_their_timing(data_folder):
    """229 acquisitions of 109 patients; timing and slice thickness alone, no words.

    Twelve files called T2 carry the protocol of the same patients' SPACE series (TE 124, TR 1000, slices of 0.9 mm)
    and are named SPACE here: the strict share stays below 1 for them alone.
    """
    text = (data_folder / "spider-midsag" / "acquisition.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    truth = {"t1": Contrast.T1, "t2": Contrast.T2, "t2_SPACE": Contrast.T2_SPACE}
    tally = Counter()
    for row in rows:
        te, tr, thick = (float(row[key]) for key in ("EchoTime", "RepetitionTime", "SliceThickness"))
        found = classify(mr(te, tr, slice_thickness_mm=thick)).contrast
        stated = truth[row["new_file_name"].split("_", 1)[1]]
        tally["same"] += found is stated
        tally["same weighting"] += found.is_t2 == stated.is_t2 and found is not Contrast.UNKNOWN
    assert len(rows) == 229
    assert tally["same weighting"] == 229
    assert tally["same"] >= 217
