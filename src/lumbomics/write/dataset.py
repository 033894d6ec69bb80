"""The files that make a folder a BIDS derivatives dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lumbomics import __version__
from lumbomics.write.atomic import write_json_atomic, write_text_atomic

BIDS_VERSION = "1.10.0"
_IGNORED = """\
# BIDS has no place for tables, reports, drawings and run records of a session.
sub-*_measurements.tsv
sub-*_measurements.json
sub-*_drawings.mrk.json
sub-*_examination.json
sub-*_report.html
sub-*_report.pdf
sub-*_quality.json
**/figures
quality.html
verdicts.tsv
run.json
.unfinished-*
# Scores have one row a participant and session; BIDS wants one a participant.
phenotype/
cohort.duckdb
"""
_README = """\
# {name}

Label maps, measurements and reports made by Lumbomics {version} from images of the lumbar spine.
A research tool, not a medical device: nothing here is a diagnosis, and no value is meant to guide anybody's care.

Each session folder holds

- the label maps (`anat/`),
- every measurement with its unit, error, method and posture, absent ones with their reason (`*_measurements.tsv`,
  explained by the `.json` beside it),
- the drawn lines of the measurements as 3D Slicer markups (`*_drawings.mrk.json`),
- a report to read (`*_report.html`),
- what quality control found, with a picture of every label map that was drawn (`*_quality.json`, `figures/`),
- the record of the run (`run.json`: versions, hashes, times, decisions).

Coordinates are millimetres; sides are the patient's.
"""


def write_dataset_description(folder: Path | str, *, name: str, sources: Sequence[str]) -> tuple[Path, ...]:
    """Write ``dataset_description.json``, ``README.md`` and ``.bidsignore`` of a derivatives dataset.

    Parameters
    ----------
    folder
        The dataset's root.
    name
        What the dataset is called.
    sources
        URIs of the datasets it was made from; empty where they have none.

    Raises
    ------
    OutputError
        As in ``atomic_path``.
    """
    root = Path(folder)
    description = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "lumbomics", "Version": __version__, "Description": "Spine imaging biomarkers"}],
        **({"SourceDatasets": [{"URL": uri} for uri in sources]} if sources else {}),
    }
    return (
        write_text_atomic(_IGNORED, root / ".bidsignore"),
        write_text_atomic(_README.format(name=name, version=__version__), root / "README.md"),
        write_json_atomic(description, root / "dataset_description.json"),
    )


def ignore_in_bids(line: str, folder: Path | str) -> None:
    """Name ``line`` in the folder's ``.bidsignore``, unless it stands there.

    Raises
    ------
    OutputError
        As in ``atomic_path``.
    """
    listed = Path(folder) / ".bidsignore"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    if line not in lines:
        write_text_atomic("\n".join([*lines, line]) + "\n", listed)
