"""From core to bytes: BIDS derivatives, tables, drawings, the record of a run; every file whole or not there."""

from lumbomics.write.atomic import (
    atomic_path,
    remove_unfinished,
    write_bytes_atomic,
    write_json_atomic,
    write_text_atomic,
)
from lumbomics.write.dataset import ignore_in_bids, write_dataset_description
from lumbomics.write.dicom import write_dicom_series
from lumbomics.write.drawings import write_drawings
from lumbomics.write.label_maps import MUSCLE_NAMES, SUBREGION_NAMES, foramen_names, write_labels_nifti
from lumbomics.write.manifest import (
    RunManifest,
    hash_file,
    is_complete,
    read_run_manifest,
    remove_run_manifest,
    write_run_manifest,
)
from lumbomics.write.measurements import MeasurementRow, column_descriptions, read_measurements, write_measurements
from lumbomics.write.names import bids_path, visit_folder, visit_path
from lumbomics.write.nifti import write_image_nifti

__all__ = [
    "MUSCLE_NAMES",
    "SUBREGION_NAMES",
    "MeasurementRow",
    "RunManifest",
    "atomic_path",
    "bids_path",
    "column_descriptions",
    "foramen_names",
    "hash_file",
    "ignore_in_bids",
    "is_complete",
    "read_measurements",
    "read_run_manifest",
    "remove_run_manifest",
    "remove_unfinished",
    "visit_folder",
    "visit_path",
    "write_bytes_atomic",
    "write_dataset_description",
    "write_dicom_series",
    "write_drawings",
    "write_image_nifti",
    "write_json_atomic",
    "write_labels_nifti",
    "write_measurements",
    "write_run_manifest",
    "write_text_atomic",
]
