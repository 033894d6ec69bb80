"""All label maps of a batch on one page, to go through with the keyboard and to judge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lumbomics.core.errors import InputError
from lumbomics.core.quality import QualityReport

_TEMPLATES = "templates"


@dataclass(frozen=True, kw_only=True)
class QualityCase:
    """One series to judge.

    Parameters
    ----------
    participant, session, series
        Which: BIDS labels without prefix, and the series' BIDS name.
    report
        Verdict and findings as they stand.
    source
        What drew the labels.
    numbering
        On what the level numbers rest, in words.
    map_id
        Fingerprint of the label map that is shown; a verdict holds for this map alone.
    picture
        ``data:`` address of its picture; ``None`` where there is none.
    """

    participant: str
    session: str
    series: str
    report: QualityReport
    source: str
    numbering: str
    map_id: str
    picture: str | None = None

    def __post_init__(self) -> None:
        if self.picture is not None and not self.picture.startswith("data:image/png;base64,"):
            raise InputError("a picture of the page must stand in the page", expected="data:image/png;base64,…")


def compose_quality_page(cases: Sequence[QualityCase], *, title: str = "Label maps to check") -> str:
    """Compose the page; it loads nothing from elsewhere, and its script keeps verdicts in the browser until saved.

    Parameters
    ----------
    cases
        In the order in which they are to be shown.
    title
        Heading.

    Returns
    -------
    str
        UTF-8 HTML.
    """
    page = _environment().get_template("quality.html.j2")
    return str(page.render(title=title, cases=_as_script(cases), count=len(cases)))


def _as_script(cases: Sequence[QualityCase]) -> Markup:
    """JSON that no text in it can end: ``<`` never stands as such."""
    text = json.dumps([_plain(case) for case in cases], ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704  escaped on this line


def _plain(case: QualityCase) -> dict[str, Any]:
    return {
        "participant": case.participant,
        "session": case.session,
        "series": case.series,
        "map": case.map_id,
        "verdict": case.report.verdict.value,
        "by": case.report.by,
        "comment": case.report.comment,
        "source": case.source,
        "numbering": case.numbering,
        "picture": case.picture,
        "findings": [
            {"check": f.check, "message": f.message, "verdict": f.verdict.value, "excludes": f.excludes}
            for f in case.report.findings
        ],
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lumbomics.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    for name in ("quality.css", "quality.js"):
        text = files("lumbomics.report").joinpath(f"{_TEMPLATES}/{name}").read_text(encoding="utf-8")
        environment.globals[name.replace(".", "_")] = Markup(text)  # noqa: S704  our own file, no user's text
    return environment
