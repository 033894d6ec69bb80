"""Facts that a visit's own measurements and series tell; what they do not tell stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from lumbomics.advise.case import Observed
from lumbomics.catalogue import RuleBook, load_rules
from lumbomics.core.image import Contrast
from lumbomics.core.measurement import Absent, Measurement, Posture, Reason, Result

_NOT_MR = {Contrast.UNKNOWN, Contrast.CT, Contrast.CT_MYELOGRAPHY, Contrast.RADIOGRAPH, Contrast.NM, Contrast.PET}
_X_RAY = {Contrast.RADIOGRAPH, Contrast.CT, Contrast.CT_MYELOGRAPHY}


def observed_facts(
    results: Iterable[Result],
    contrasts: Mapping[str, Contrast],
    *,
    postures: Mapping[str, Posture] | None = None,
    months_since_surgery: float | None = None,
    book: RuleBook | None = None,
) -> Mapping[str, Observed]:
    """Collect the facts that a visit shows.

    Parameters
    ----------
    results
        The visit's measurements and absences.
    contrasts
        Series name -> kind.
    postures
        Series name -> posture, where known; those of the results are added.
    months_since_surgery
        Where stated for the visit; default: what the results say.
    book
        Defines which facts are measurements; default: the shipped one.

    Returns
    -------
    mapping
        Fact -> value and where it comes from. Only what is seen: metal that hides a structure, contrast that was
        given, a posture that is written down. The absence of metal, of an earlier examination or of a red flag cannot
        be seen in one visit and is never concluded.
    """
    found = list(results)
    held = {r.context.series: r.context.posture for r in found if r.context.series} | dict(postures or {})
    return dict(
        chain(
            _times(found, months_since_surgery),
            _measured(found, book or load_rules()),
            _metal(found),
            _series(contrasts, held),
        )
    )


def _times(results: list[Result], months: float | None) -> Iterator[tuple[str, Observed]]:
    written = {r.context.months_since_surgery for r in results} - {None}
    if months is None and len(written) == 1:
        months = written.pop()
    if months is not None:
        yield "months_since_surgery", Observed(float(months), "the visit's time since surgery")


def _measured(results: list[Result], book: RuleBook) -> Iterator[tuple[str, Observed]]:
    """Facts that are measurements: a grade or count at its highest, a class only where all sites agree."""
    for name, fact in book.facts.items():
        own = [r for r in results if isinstance(r, Measurement) and r.biomarker == fact.biomarker]
        if fact.kind == "choice":
            words = {r.category for r in own if r.category in fact.values}
            if len(words) == 1:
                yield name, Observed(str(words.pop()), f"measured: {fact.biomarker}")
        elif fact.biomarker is not None:
            numbers = [r.value for r in own if r.value is not None]
            if numbers:
                yield name, Observed(float(max(numbers)), f"measured: highest {fact.biomarker}")


def _metal(results: list[Result]) -> Iterator[tuple[str, Observed]]:
    hidden = [r for r in results if isinstance(r, Absent) and r.reason is Reason.NOT_ASSESSABLE_METAL]
    if hidden:
        yield "metal_near_roi", Observed(value=True, origin=f"metal hides {len(hidden)} measurement(s)")


def _series(contrasts: Mapping[str, Contrast], postures: Mapping[str, Posture]) -> Iterator[tuple[str, Observed]]:
    for name, contrast in contrasts.items():
        posture = postures.get(name, Posture.UNKNOWN)
        if contrast in _X_RAY:
            yield "xr_or_ct", Observed(value=True, origin=f"series {name}")
        if contrast is Contrast.RADIOGRAPH and posture is Posture.STANDING:
            yield "standing_xr_done", Observed(value=True, origin=f"series {name}, standing")
        if contrast not in _NOT_MR:
            yield "only_xr_done", Observed(value=False, origin=f"series {name}")
            if posture is Posture.SUPINE:
                yield "mri_supine_done", Observed(value=True, origin=f"series {name}, supine")
        if contrast is Contrast.T1_POST:
            yield "only_noncontrast_mri", Observed(value=False, origin=f"series {name}, after contrast")
