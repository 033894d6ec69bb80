"""What an operator said of a label map, and the maps an operator corrected: stored, remembered, never overwritten."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lumbomics.core.anatomy import Numbering, NumberingSource, Transition
from lumbomics.core.errors import FaultsError, GridMismatchError, InputError, LumbomicsError, ReadError
from lumbomics.core.labels import Segmentation
from lumbomics.core.quality import Finding, QualityReport, Verdict
from lumbomics.core.visit import Series, Visit
from lumbomics.read import read_nifti_labels
from lumbomics.run.bundle import MAPS, read_segmentation, write_segmentation
from lumbomics.run.labels import LabelInput, LoadedLabels, load_labels
from lumbomics.run.quality_record import NO_MAP, numbering_as_json
from lumbomics.segment.quality import assess_labels
from lumbomics.write import bids_path, read_run_manifest, visit_folder, write_text_atomic

VERDICTS = "verdicts.tsv"
MANUAL = "manual"
_COLUMNS = ("participant_id", "session_id", "series", "map", "verdict", "comment")
_LONGEST_COMMENT = 300
_KEY = re.compile(r"sub-([A-Za-z0-9]+)_ses-([A-Za-z0-9]+)_(.+)")


@dataclass(frozen=True, kw_only=True)
class OperatorVerdict:
    """A person's word on one label map.

    Parameters
    ----------
    participant, session, series
        Which series.
    map_id
        Fingerprint of the map that was seen; ``n/a``: the verdict holds whatever the map.
    verdict
        The word.
    comment
        Why; holds no patient data.
    """

    participant: str
    session: str
    series: str
    map_id: str
    verdict: Verdict
    comment: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What the verdict is about."""
        return self.participant, self.session, self.series


def read_verdicts(path: Path) -> tuple[OperatorVerdict, ...]:
    """Read a table of verdicts, as the page saves it.

    Raises
    ------
    ReadError
        If the file cannot be read.
    FaultsError
        If columns are missing or rows make no sense; all faults at once.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter="\t"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError("the table of verdicts cannot be read", where=path.name, got=type(error).__name__) from error
    needed = set(_COLUMNS) - {"map", "comment"}
    if rows and not needed <= rows[0].keys():
        lacking = ", ".join(sorted(needed - rows[0].keys()))
        raise FaultsError([InputError("columns are missing", expected=", ".join(_COLUMNS), got=f"no {lacking}")])
    found: dict[tuple[str, str, str], OperatorVerdict] = {}
    faults: list[LumbomicsError] = []
    for number, row in enumerate(rows, start=2):
        try:
            verdict = _verdict_of(row)
        except InputError as error:
            where = f"line {number}"
            faults.append(InputError(error.problem, expected=error.expected, got=error.got, where=where))
            continue
        if verdict.key in found:
            faults.append(InputError("a series stands in the table twice", got=verdict.series, where=f"line {number}"))
        found[verdict.key] = verdict
    if faults:
        raise FaultsError(faults)
    return tuple(found.values())


def _verdict_of(row: dict[str, str]) -> OperatorVerdict:
    text = {name: " ".join((row.get(name) or "").split()) for name in _COLUMNS}
    participant, session = text["participant_id"].removeprefix("sub-"), text["session_id"].removeprefix("ses-")
    if not (participant.isalnum() and session.isalnum() and text["series"]):
        raise InputError("the row names no series", expected="sub-01, ses-01, acq-sag_T2w", got="something else")
    if text["verdict"].casefold() not in set(Verdict):
        raise InputError("unknown verdict", expected=", ".join(Verdict), got=repr(text["verdict"]))
    comment = "" if text["comment"] == "n/a" else text["comment"][:_LONGEST_COMMENT]
    return OperatorVerdict(
        participant=participant,
        session=session,
        series=text["series"],
        map_id=text["map"] or NO_MAP,
        verdict=Verdict(text["verdict"].casefold()),
        comment=comment,
    )


def stored_verdicts(root: Path) -> tuple[OperatorVerdict, ...]:
    """Verdicts remembered in a derivatives folder; none where it has no table."""
    path = root / VERDICTS
    return read_verdicts(path) if path.exists() else ()


def store_verdicts(root: Path, said: Iterable[OperatorVerdict]) -> Path:
    """Remember verdicts in a derivatives folder; a newer word on the same series replaces the older.

    Raises
    ------
    FaultsError
        If verdicts are about series that the folder does not hold; nothing is stored then.
    OutputError
        If the table cannot be written.
    """
    new = tuple(said)
    faults: list[LumbomicsError] = [fault for verdict in new if (fault := _unknown(root, verdict.key)) is not None]
    if faults:
        raise FaultsError(faults)
    merged = {verdict.key: verdict for verdict in (*stored_verdicts(root), *new)}
    lines = ["\t".join(_COLUMNS)]
    for verdict in (merged[key] for key in sorted(merged)):
        place = (f"sub-{verdict.participant}", f"ses-{verdict.session}", verdict.series)
        lines.append("\t".join((*place, verdict.map_id, verdict.verdict.value, verdict.comment or "n/a")))
    return write_text_atomic("\n".join(lines) + "\n", root / VERDICTS)


def _unknown(root: Path, key: tuple[str, str, str]) -> InputError | None:
    """Fault for a series that the derivatives do not hold."""
    participant, session, series = key
    where = f"sub-{participant}_ses-{session}"
    try:
        names = series_of(root, participant, session)
    except ReadError:
        return InputError(
            "no such visit in the derivatives", where=where, hint="run the study first, or check the name"
        )
    if series not in names:
        return InputError("the visit has no such series", expected=", ".join(names), got=series, where=where)
    return None


def series_of(root: Path, participant: str, session: str) -> tuple[str, ...]:
    """Names of a finished visit's series; ReadError where the visit is not there."""
    folder = visit_folder(root, Visit(participant=participant, session=session))
    return tuple(read_run_manifest(folder).options.get("kinds", {}))


def operators_word(
    verdicts: Iterable[OperatorVerdict], visit: Visit, series: str, report: QualityReport | None, map_id: str
) -> QualityReport | None:
    """Report on a series with the operator's verdict over the software's, where there is one for this map.

    A verdict of the operator stands alone: the findings stay to be read, and leave nothing out any more. One about
    another map than the present does not count, and that is told.
    """
    key = (visit.participant, visit.session, series)
    said = next((verdict for verdict in verdicts if verdict.key == key), None)
    if said is None:
        return report
    findings = () if report is None else report.findings
    if said.map_id not in {NO_MAP, map_id}:
        told = Finding(
            check="operator", message=f"an operator's verdict ({said.verdict}) is about an earlier label map"
        )
        return replace(report, findings=(*findings, told)) if report is not None else None
    remarks = tuple(replace(finding, verdict=Verdict.PASS, excludes=False) for finding in findings)
    return QualityReport(verdict=said.verdict, findings=remarks, by="operator", comment=said.comment)


def parse_correction(word: str) -> tuple[tuple[str, str, str], Path]:
    """Take ``sub-01_ses-01_acq-sag_T2w=FILE`` apart; InputError where it reads otherwise."""
    key, _, file = word.partition("=")
    match = _KEY.fullmatch(key)
    if match is None or not file:
        wanted = "sub-01_ses-01_acq-sag_T2w=FILE"
        raise InputError("cannot read a correction", expected=wanted, got="something else", where="--correct")
    return (match[1], match[2], match[3]), Path(file)


def store_correction(root: Path, key: tuple[str, str, str], given: LabelInput) -> tuple[Path, ...]:
    """Put a corrected label map into the derivatives as ``desc-manual``; later runs measure it instead of their own.

    Raises
    ------
    InputError
        If the derivatives hold no such series, or the map is in unknown numbers.
    GridMismatchError
        If it does not lie on the voxels of the series' present map; nothing is stored then.
    """
    unknown = _unknown(root, key)
    if unknown is not None:
        raise unknown
    visit, series = Visit(participant=key[0], session=key[1]), key[2]
    (loaded,) = load_labels(given, visit)
    segmentation = _as_manual(loaded.segmentation, given.transition)
    _require_lattice(root, visit, series, segmentation)
    before = set(manual_maps(root, visit, series))
    record = {"Numbering": numbering_as_json(segmentation.numbering), "Convention": given.convention.value}
    written = write_segmentation(root, visit, series, segmentation, desc=MANUAL, record=record)
    for stale in before - set(written):
        for path in (stale, *(_beside(stale, extension) for extension in (".json", ".tsv"))):
            path.unlink(missing_ok=True)
    return written


def _as_manual(segmentation: Segmentation, transition: Transition | None) -> Segmentation:
    seen = segmentation.numbering.transition if transition is None else transition
    maps = {
        name: replace(labels, source=MANUAL) for name in MAPS if (labels := getattr(segmentation, name)) is not None
    }
    numbering = Numbering(source=NumberingSource.OPERATOR, transition=seen)
    return replace(segmentation, **maps, numbering=numbering)


def _require_lattice(root: Path, visit: Visit, series: str, segmentation: Segmentation) -> None:
    for desc in ("auto", "given"):
        path = bids_path(root, visit, series, seg="spine", desc=desc)
        if path.exists():
            grid = read_nifti_labels(path).grid
            if not grid.shares_lattice(segmentation.spine.grid):
                raise GridMismatchError(
                    "the corrected map does not lie on the series' voxels",
                    expected=grid.describe(),
                    got=segmentation.spine.grid.describe(),
                    where=f"{visit.prefix}_{series}",
                    hint="correct the map that stands in the derivatives, or resample yours to it (nearest neighbour)",
                )


def manual_maps(root: Path, visit: Visit, series: str) -> tuple[Path, ...]:
    """Corrected label maps of a series, none where nobody corrected it."""
    paths = (
        bids_path(root, visit, series, suffix=kind.suffix, desc=MANUAL, **{kind.entity: kind.value})
        for kind in MAPS.values()
    )
    return tuple(path for path in paths if path.exists())


def load_manual(root: Path, visit: Visit, series: Series) -> LoadedLabels | None:
    """Read a series' corrected label maps; ``None`` where nobody corrected it.

    Raises
    ------
    GridMismatchError
        If they do not lie on the series' voxels.
    """
    files = manual_maps(root, visit, series.name)
    if not files:
        return None
    segmentation = read_segmentation(files, source=MANUAL, numbering=_stored_numbering(files))
    if not series.image.grid.shares_lattice(segmentation.spine.grid):
        raise GridMismatchError(
            "the corrected map does not lie on the series' voxels",
            expected=series.image.grid.describe(),
            got=segmentation.spine.grid.describe(),
            where=f"{visit.prefix}_{series.name}",
            hint="correct it again (lumbomics qc --correct), or remove the desc-manual files",
        )
    return LoadedLabels(segmentation=segmentation, files=files)


def manual_report(segmentation: Segmentation) -> QualityReport:
    """Pass a corrected map, being a person's work; what the checks notice stays as remarks."""
    noticed = assess_labels(segmentation).findings
    remarks = tuple(replace(finding, verdict=Verdict.PASS, excludes=False) for finding in noticed)
    return QualityReport(verdict=Verdict.PASS, findings=remarks, by="operator", comment="corrected by hand")


def _stored_numbering(files: Sequence[Path]) -> Numbering:
    for path in files:
        sidecar = _beside(path, ".json")
        if sidecar.exists():
            stored = json.loads(sidecar.read_text(encoding="utf-8")).get("Numbering")
            if stored:
                return Numbering(source=NumberingSource.OPERATOR, transition=Transition(stored["transition"]))
    return Numbering(source=NumberingSource.OPERATOR)


def _beside(path: Path, extension: str) -> Path:
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + extension)
