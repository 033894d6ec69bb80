"""The page over a batch and the picture of one map."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from lumbomics.core.errors import InputError
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.phantom import make_phantom
from lumbomics.report.quality_page import QualityCase, compose_quality_page
from lumbomics.report.quality_picture import quality_picture

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def case(**changed: Any) -> QualityCase:
    finding = Finding(check="order", message=EVIL, verdict=Verdict.FAIL, structures=(22,), excludes=True)
    given = {
        "participant": "01",
        "session": "02",
        "series": "acq-sag_T2w",
        "report": QualityReport(verdict=Verdict.FAIL, findings=(finding,)),
        "source": "builtin 1",
        "numbering": "assumed",
        "map_id": "abc",
    }
    return QualityCase(**(given | changed))


def cases_in(page: str) -> list[dict[str, Any]]:
    (text,) = re.findall(r'<script type="application/json" id="cases">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_the_page_carries_every_case_in_order_and_nothing_from_outside() -> None:
    page = compose_quality_page([case(), case(series="T1w")])
    assert [c["series"] for c in cases_in(page)] == ["acq-sag_T2w", "T1w"]
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert "2 label maps" in page


def test_no_text_of_a_case_can_become_markup() -> None:
    page = compose_quality_page([case(numbering=EVIL)])
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert cases_in(page)[0]["findings"][0]["message"] == EVIL


def test_a_picture_from_elsewhere_is_refused() -> None:
    with pytest.raises(InputError, match="must stand in the page"):
        case(picture="https://example.org/a.png")


@pytest.fixture(scope="module")
def patient() -> tuple[Image, Any]:
    phantom = make_phantom(3)
    grid = phantom.sagittal_grid(in_plane_mm=2.0, thickness_mm=4.0)
    return phantom.image(grid, Contrast.T2), phantom.segmentation(grid)


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png))[..., :3]


def reddish(png: bytes) -> int:
    red, green, blue = np.moveaxis(pixels(png), -1, 0)
    return int(((red > 0.9) & (green < 0.3) & (blue < 0.3)).sum())


def magenta(png: bytes) -> int:
    red, green, blue = np.moveaxis(pixels(png), -1, 0)
    return int(((red > 0.9) & (green < 0.4) & (blue > 0.85)).sum())


def test_a_structure_left_out_is_red_and_metal_is_magenta(patient: Any) -> None:
    image, labels = patient
    plain = quality_picture(image, labels, confidence=dict.fromkeys(labels.spine.present, 0.9))
    out = Finding(check="confidence", message="unsure", structures=(22,), excludes=True)
    report = QualityReport(verdict=Verdict.PASS, findings=(out,))
    marked = quality_picture(image, labels, confidence=dict.fromkeys(labels.spine.present, 0.9), report=report)
    assert reddish(marked) > reddish(plain) + 50
    centre = tuple(n // 2 for n in image.array.shape)
    array = np.zeros(image.array.shape, np.float16)
    array[centre[0] - 3 : centre[0] + 3, centre[1] - 6 : centre[1] + 6, centre[2] - 6 : centre[2] + 6] = 1
    metal = Image(array, image.grid, Quantity.PROBABILITY)
    assert magenta(quality_picture(image, labels, metal=metal)) > magenta(plain) + 50


def test_an_image_without_labels_is_shown_with_its_reasons(patient: Any) -> None:
    image, _ = patient
    bare = quality_picture(image, None)
    reason = Finding(check="noise", message="noise", verdict=Verdict.ARTIFACT)
    told = quality_picture(image, None, report=QualityReport(verdict=Verdict.ARTIFACT, findings=(reason,)))
    assert pixels(told).shape[0] > pixels(bare).shape[0]
