"""The page itself: sections in order, one paragraph of methods, every table to download, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from lumbomics.core.errors import InputError
from lumbomics.report.cohort.parts import Section


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    label: str
    notice: str
    methods_title: str
    left_out: str
    cautions: tuple[str, ...] = Field(min_length=1)


def compose_cohort_report(
    sections: Sequence[Section], *, name: str, software: Mapping[str, str], made: str = ""
) -> str:
    """Compose the report of a cohort as one HTML page that loads nothing from elsewhere and runs no script.

    Parameters
    ----------
    sections
        In the order of the page; those left out are told with their reason.
    name
        What the cohort is called.
    software
        Package -> version.
    made
        When, ISO 8601; left out where empty.

    Returns
    -------
    str
        UTF-8 HTML. Pictures, tables and downloads are inside as ``data:`` addresses.

    Raises
    ------
    InputError
        If there is no section, or two have one key.
    """
    keys = [section.key for section in sections]
    if not sections or len(set(keys)) < len(keys):
        raise InputError("sections of the report", expected="one or more, each key once", got=", ".join(keys) or "none")
    page = _environment().get_template("cohort.html.j2")
    return str(page.render(sections=sections, name=name, words=_words(), software=dict(software), made=made))


@cache
def _words() -> _Words:
    text = files("lumbomics.report.cohort").joinpath("words.yaml").read_text(encoding="utf-8")
    return _Words.model_validate(yaml.safe_load(text))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lumbomics.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    folder = files("lumbomics.report").joinpath("templates")
    style = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("style.css", "cohort.css"))
    environment.globals["style"] = Markup(style)  # noqa: S704  our own file, no user's text
    return environment
