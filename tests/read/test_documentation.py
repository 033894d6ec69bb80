from pathlib import Path

from lumbomics.read.classify import rules

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "reading.md"


def test_the_page_states_every_rule_in_order():
    lines = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    stated = [
        (cells[1].strip("`"), cells[2], float(cells[4].rstrip(" |")))
        for cells in lines
        if len(cells) == 5 and cells[4][0] == "0"
    ]
    assert stated == [(rule["contrast"], rule["because"], rule["confidence"]) for rule in rules()["rules"]]


def test_the_page_states_what_words_say():
    text = PAGE.read_text(encoding="utf-8")
    for group, contrast, confidence in rules()["words"]:
        assert f"| {group.replace('_', ' ')} | `{contrast}` | {confidence} |" in text
