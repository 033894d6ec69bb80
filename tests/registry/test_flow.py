import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumbomics.core.errors import FaultsError, InputError
from lumbomics.registry.diagram import draw_flow, text_width, wrap
from lumbomics.registry.flow import Column, Flow

LEFT = Column(
    sources=(("PubMed", 402), ("Embase", 300), ("Register of trials & other studies (register)", 12)),
    duplicates=250,
    removed=(("language outside the limits", 14),),
    screened=450,
    title_excluded=300,
    title_awaiting=3,
    sought=147,
    not_retrieved=7,
    assessed=138,
    text_excluded=(
        ("Wrong population: no operation on the lumbar spine before the imaging", 60),
        ("Wrong outcome", 38),
    ),
    text_awaiting=2,
    included=40,
)
NONE = Column(
    sources=(),
    duplicates=0,
    removed=(),
    screened=0,
    title_excluded=0,
    title_awaiting=0,
    sought=0,
    not_retrieved=0,
    assessed=0,
    text_excluded=(),
    text_awaiting=0,
    included=0,
)
RIGHT = replace(
    NONE,
    sources=(("Smith 2010 (citation searching)", 5),),
    screened=5,
    title_excluded=1,
    sought=4,
    assessed=4,
    included=4,
)
FLOW = Flow(databases=LEFT, others=RIGHT, studies=41, reports=44, open_pairs=2, notes=("PubMed: limited to eng",))
NUMBERS = (
    "duplicates",
    "screened",
    "title_excluded",
    "title_awaiting",
    "sought",
    "not_retrieved",
    "assessed",
    "included",
)


@pytest.mark.parametrize("name", [*NUMBERS, "text_awaiting"])
def test_no_number_can_be_changed_without_a_sum_that_fails(name):
    with pytest.raises(FaultsError, match="do not add up"):
        replace(LEFT, **{name: getattr(LEFT, name) + 1})


def test_reports_and_studies_must_fit():
    with pytest.raises(FaultsError):
        replace(FLOW, reports=43)
    with pytest.raises(InputError):
        replace(FLOW, studies=45)
    with pytest.raises(InputError):
        replace(FLOW, studies=0)


def test_a_flow_with_anything_awaited_is_not_finished():
    done = replace(LEFT, title_awaiting=0, title_excluded=303, text_awaiting=0, assessed=140, included=42)
    assert not FLOW.finished
    assert Flow(databases=done, others=RIGHT, studies=46, reports=46).finished
    assert not Flow(databases=done, others=RIGHT, studies=46, reports=46, open_pairs=1).finished


def drawn(flow):
    tree = ET.fromstring(draw_flow(flow, title="Scars & <spines>"))  # noqa: S314 (our own text)
    space = "{http://www.w3.org/2000/svg}"
    boxes = [
        {k: float(r.get(k)) for k in ("x", "y", "width", "height")} for r in tree.iter(f"{space}rect") if r.get("rx")
    ]
    texts = [(float(t.get("x")), float(t.get("y")), t.text, t.get("transform")) for t in tree.iter(f"{space}text")]
    return tree, boxes, texts


def test_the_picture_shows_every_number_of_the_flow():
    words = " ".join(text.replace("\u00a0", " ") for _, _, text, _ in drawn(FLOW)[2])
    shown = sorted(int(n) for n in re.findall(r"\(n = (\d+)\)", words))
    expected = [402, 300, 12, 250, 0, 14, 450, 300, 3, 147, 7, 138, 60, 38, 2, 5, 0, 1, 4, 0, 4, 0, 41, 44]
    assert shown == sorted(expected)
    assert "Register of trials & other studies" in words


def test_all_text_lies_within_its_box_and_no_boxes_touch():
    _, boxes, texts = drawn(FLOW)
    notes = {"PubMed: limited to eng", "Not finished: decisions are still awaited."}
    for x, y, text, turned in texts:
        if turned or text in notes or text.endswith("count as different."):
            continue
        homes = [
            b
            for b in boxes
            if b["x"] < x
            and x + text_width(text) < b["x"] + b["width"]
            and b["y"] < y - 9
            and y + 3 < b["y"] + b["height"]
        ]
        assert len(homes) == 1, text
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart_x = one["x"] + one["width"] < other["x"] or other["x"] + other["width"] < one["x"]
            apart_y = one["y"] + one["height"] < other["y"] or other["y"] + other["height"] < one["y"]
            assert apart_x or apart_y


def test_without_other_methods_their_column_is_left_out():
    alone = draw_flow(Flow(databases=LEFT, others=NONE, studies=40, reports=40))
    assert "other methods" not in re.sub(r"<desc.*?</desc>", "", alone)
    assert "other methods" in draw_flow(FLOW)


@given(st.text(alphabet="abcdefghij WMiI-", min_size=1, max_size=300).filter(str.strip), st.floats(60, 300))
def test_wrapping_keeps_every_letter_and_no_line_is_too_wide(text, width):
    lines = wrap(" ".join(text.split()), width)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(text_width(line) <= width for line in lines)
