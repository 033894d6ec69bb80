"""A folder of DICOM files -> volumes, assembled by geometry."""
