"""DICOM folders, good and bad: nothing is filled in, nothing is dropped in silence, no one is named."""

import logging
import shutil
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom.uid import UID
from scipy.spatial.transform import Rotation

from lumbomics.core.errors import InputError, ReadError
from lumbomics.core.grid import Grid
from lumbomics.core.image import Contrast, Image, Quantity
from lumbomics.core.measurement import Posture
from lumbomics.core.visit import Plane
from lumbomics.read import Override, find_visits, read_visit
from lumbomics.write.dicom import write_dicom_series


def change(path, **values):
    """Rewrite header values of a file; ``None`` removes one."""
    dataset = pydicom.dcmread(path)
    for keyword, value in values.items():
        if value is None:
            if keyword in dataset:
                del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)


def copy_as(path, name, **values):
    target = path.with_name(name)
    shutil.copy(path, target)
    change(target, **values)
    return target


def reasons(visit):
    return "; ".join(f"{what}: {reason}" for what, reason in visit.set_aside)


def test_a_series_becomes_one_named_volume(t2_series):
    folder, _, image = t2_series
    series = read_visit(folder).series[0]
    assert series.name == "acq-sag_T2w"
    assert series.kind.plane is Plane.SAGITTAL
    assert series.image.contrast is Contrast.T2
    assert series.posture is Posture.SUPINE
    assert series.faults == ()
    np.testing.assert_array_equal(series.image.array, image.array)


def test_instance_numbers_and_names_do_not_order_the_slices(t2_series):
    folder, files, image = t2_series
    for place, path in enumerate(files):
        change(path, InstanceNumber=(place * 3) % 5 + 1)
        path.rename(path.with_name(f"x{(place * 2) % 5}"))
    np.testing.assert_array_equal(read_visit(folder).series[0].image.array, image.array)


def test_files_in_subfolders_belong_to_the_series(t2_series):
    folder, files, image = t2_series
    (folder / "deep" / "er").mkdir(parents=True)
    files[2].rename(folder / "deep" / "er" / "anything.txt")
    assert read_visit(folder).series[0].image.grid.shape == image.grid.shape


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ReadError, match="empty"):
        read_visit(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ReadError, match="no such file"):
        read_visit(tmp_path / "nothing")


def test_a_folder_without_dicom_is_refused_with_the_count(tmp_path):
    for number in range(3):
        (tmp_path / f"note{number}.txt").write_text("no picture")
    with pytest.raises(ReadError, match=r"no DICOM file.*3 file"):
        read_visit(tmp_path)


def test_other_files_in_the_folder_are_set_aside(t2_series):
    folder, _, image = t2_series
    (folder / "readme.txt").write_text("hello")
    (folder / "nothing").touch()
    visit = read_visit(folder)
    assert visit.series[0].image.grid.shape == image.grid.shape
    assert "not a DICOM file" in reasons(visit)
    assert "empty file" in reasons(visit)


def test_a_file_without_preamble_is_still_read(t2_series):
    folder, files, image = t2_series
    for path in files:
        path.write_bytes(path.read_bytes()[132:])
    np.testing.assert_array_equal(read_visit(folder).series[0].image.array, image.array)


def test_a_truncated_last_slice_is_reported_and_left_out(t2_series):
    folder, files, image = t2_series
    files[-1].write_bytes(files[-1].read_bytes()[:-20])
    visit = read_visit(folder)
    assert "file is truncated: it ends before its pixels do" in reasons(visit)
    np.testing.assert_array_equal(visit.series[0].image.array, image.array[:, :, :-1])


def test_a_truncated_header_is_reported(t2_series):
    folder, files, _ = t2_series
    files[0].write_bytes(files[0].read_bytes()[:200])
    visit = read_visit(folder)
    assert visit.series[0].image.grid.shape[2] == 4
    assert len(visit.set_aside) == 1


def test_broken_compressed_pixels_are_reported_on_the_series(tmp_path, sagittal):
    image = sagittal()
    files = write_dicom_series(image, tmp_path, transfer_syntax=UID("1.2.840.10008.1.2.5"), shuffled_names=False)
    dataset = pydicom.dcmread(files[-1])
    dataset.PixelData = dataset.PixelData[:70]
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(files[-1])
    series = read_visit(tmp_path).series[0]
    assert series.image.grid.shape[2] == 4
    assert "1 slice(s) could not be decoded" in series.faults[0]


def test_two_patients_are_counted_and_not_named(t2_series):
    folder, files, _ = t2_series
    for path in files[:2]:
        change(path, PatientID="SECRET77", PatientName="Muster^Maria")
    with pytest.raises(InputError, match="2 patients") as caught:
        read_visit(folder)
    assert "SECRET77" not in str(caught.value)
    assert "muster" not in str(caught.value).lower()


def test_one_identifier_with_two_birth_dates_is_two_patients(t2_series):
    folder, files, _ = t2_series
    change(files[0], PatientBirthDate="19500101")
    change(files[1], PatientBirthDate="19600101")
    with pytest.raises(InputError, match="2 patients"):
        read_visit(folder)


def test_a_missing_slice_is_named_and_never_filled(tmp_path, sagittal):
    image = sagittal((6, 8, 9))
    files = write_dicom_series(image, tmp_path, shuffled_names=False)
    files[6].unlink()
    visit = read_visit(tmp_path)
    assert len(visit.series) == 1
    series = visit.series[0]
    np.testing.assert_array_equal(series.image.array, image.array[:, :, :6])
    assert "1 slice(s) missing at 1 place(s): kept the longest run, 6 of 8 slices" in series.faults[0]
    assert "2 slice(s) of series 1: slices beyond a gap" in reasons(visit)
    np.testing.assert_allclose(series.image.grid.affine, image.grid.affine, atol=1e-9)


def test_two_slices_far_apart_are_doubted(t2_series):
    folder, files, _ = t2_series
    for path in files[1:4]:
        path.unlink()
    assert "16 mm apart although the header states 4 mm" in read_visit(folder).series[0].faults[0]


def test_parallel_groups_planned_apart_become_volumes_of_their_own(tmp_path, sagittal):
    image = sagittal((6, 8, 9))
    files = write_dicom_series(image, tmp_path, shuffled_names=False)
    for number, path in enumerate(files):
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient[0] -= 6.0 * (number >= 4)
        dataset.save_as(path)
    visit = read_visit(tmp_path)
    assert [series.image.grid.shape[2] for series in visit.series] == [4, 5]
    assert len({series.name for series in visit.series}) == 2


def test_groups_planned_a_whole_number_of_steps_apart_lost_nothing(tmp_path, sagittal):
    files = write_dicom_series(sagittal((6, 8, 9)), tmp_path, shuffled_names=False)
    for number, path in enumerate(files):
        change(path, ImagePositionPatient=[-4 * (number + 3 * (number >= 4)), -40, 90])
    visit = read_visit(tmp_path)
    assert [series.image.grid.shape[2] for series in visit.series] == [4, 5]
    assert not any("missing" in fault for series in visit.series for fault in series.faults)


def test_overlapping_parallel_groups_shifted_within_the_plane_become_volumes_of_their_own(tmp_path, sagittal):
    files = write_dicom_series(sagittal((6, 8, 9)), tmp_path, shuffled_names=False)
    for number, path in enumerate(files):
        x, y, z = (0, -40, 90) if number < 5 else (9.5, -25, 70)
        change(path, ImagePositionPatient=[x - 4 * (number % 5), y, z])
    assert sorted(series.image.grid.shape[2] for series in read_visit(tmp_path).series) == [4, 5]


def test_a_label_map_in_a_dicom_folder_does_not_hide_the_pictures(t2_series):
    folder, _, image = t2_series
    (folder / "l5_label.nii.gz").write_bytes(b"a label map")
    (source,) = find_visits(folder)
    assert [one.path.name for one in source.label_maps] == ["l5_label.nii.gz"]
    np.testing.assert_array_equal(read_visit(source).series[0].image.array, image.array)


def test_a_study_over_midnight_is_one_visit(t2_series):
    folder, files, image = t2_series
    for number, path in enumerate(files):
        change(path, AcquisitionDate=f"2020010{1 + number // 3}", StudyDate=None)
    assert read_visit(folder).series[0].image.grid.shape == image.grid.shape


def test_files_and_folders_that_may_not_be_read_are_reported(t2_series, monkeypatch):
    folder, files, _ = t2_series
    plain = Path.open

    def refuse(self, *arguments, **options):
        if self == files[-1]:
            raise PermissionError
        return plain(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    visit = read_visit(folder)
    assert "cannot be opened" in reasons(visit)
    assert visit.series[0].image.grid.shape[2] == 4

    def closed(self):
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(ReadError, match="may not be read"):
        read_visit(folder)


def test_an_inverted_radiograph_without_orientation_says_so(tmp_path, sagittal):
    path = write_dicom_series(sagittal((6, 8, 1)), tmp_path)[0]
    gone = dict.fromkeys(("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"))
    change(path, Modality="CR", PhotometricInterpretation="MONOCHROME1", ImagerPixelSpacing=[0.1, 0.1], **gone)
    faults = " ".join(read_visit(tmp_path).series[0].faults)
    assert all(word in faults for word in ("inverted", "no patient orientation", "magnified"))


def test_angled_groups_in_one_series_become_volumes_of_their_own(tmp_path):
    uid = None
    for number, angle in enumerate((0, 12, 25)):
        affine = np.eye(4)
        affine[:3, :3] = Rotation.from_euler("x", angle, degrees=True).as_matrix() * (-0.5, -0.5, 4)
        affine[:3, 3] = (10, 20, -35 * number)
        values = np.full((6, 6, 3), number, np.int16)
        files = write_dicom_series(Image(values, Grid(values.shape, affine)), tmp_path, series_number=number + 1)
        uid = uid or pydicom.dcmread(files[0]).SeriesInstanceUID
        for path in files:
            change(path, SeriesInstanceUID=uid, SeriesNumber=4)
    visit = read_visit(tmp_path)
    assert [series.image.grid.shape for series in visit.series] == [(6, 6, 3)] * 3
    assert [series.kind.plane for series in visit.series] == [Plane.AXIAL] * 3
    assert [int(series.image.array.max()) for series in visit.series] == [0, 1, 2]


def test_copies_of_a_slice_are_dropped_and_reported(t2_series):
    folder, files, image = t2_series
    copy_as(files[1], "copy")
    series = read_visit(folder).series[0]
    np.testing.assert_array_equal(series.image.array, image.array)
    assert "1 slice(s) occurred twice with the same pixels" in series.faults[0]


def test_differing_slices_at_one_position_are_refused(t2_series):
    folder, files, _ = t2_series
    other = pydicom.dcmread(files[1])
    copy_as(files[1], "copy", PixelData=bytes(reversed(other.PixelData)), SOPInstanceUID="1.2.3.4")
    with pytest.raises(ReadError, match="1 position\\(s\\) hold several differing slices"):
        read_visit(folder)


def test_a_time_that_differs_from_slice_to_slice_tells_no_volumes_apart(t2_series):
    folder, files, _ = t2_series
    for number, path in enumerate(files):
        change(path, AcquisitionTime=f"12000{number}")
    pixels = pydicom.dcmread(files[1]).PixelData
    copy_as(files[1], "copy", PixelData=bytes(reversed(pixels)), SOPInstanceUID="1.2.3.4", AcquisitionTime="130000")
    with pytest.raises(ReadError, match="several differing slices"):
        read_visit(folder)


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("EchoTime", (10, 100)),
        ("AcquisitionNumber", (1, 2)),
        ("TemporalPositionIdentifier", (1, 2)),
        ("DiffusionBValue", (0.0, 800.0)),
        ("ImageType", (["ORIGINAL", "PRIMARY", "W"], ["ORIGINAL", "PRIMARY", "F"])),
    ],
)
def test_volumes_at_the_same_place_are_told_apart_by(t2_series, keyword, values):
    folder, files, image = t2_series
    for number, path in enumerate(files):
        pixels = pydicom.dcmread(path).PixelData
        copy_as(
            path,
            f"second{number}",
            **{keyword: values[1], "PixelData": bytes(reversed(pixels)), "SOPInstanceUID": f"1.2.{number}"},
        )
        change(path, **{keyword: values[0]})
    visit = read_visit(folder)
    assert [series.image.grid.shape for series in visit.series] == [image.grid.shape] * 2
    assert sum(np.array_equal(series.image.array, image.array) for series in visit.series) == 1


def test_uneven_spacing_throughout_makes_no_volume(t2_series):
    folder, files, _ = t2_series
    for path, place in zip(files, (0, 1, 3.3, 7.9, 20), strict=True):
        change(path, ImagePositionPatient=[-place, -40, 90])
    with pytest.raises(ReadError, match="uneven throughout"):
        read_visit(folder)


def test_positions_rounded_by_the_scanner_still_make_one_volume(t2_series):
    folder, files, _ = t2_series
    for path, place in zip(files, (0, 0.6, 1.3, 1.9, 2.5), strict=True):
        change(path, ImagePositionPatient=[-place, -40, 90])
    series = read_visit(folder).series[0]
    assert series.image.grid.shape[2] == 5
    assert series.image.grid.spacing_mm[2] == pytest.approx(0.625)


def test_slices_of_another_size_are_a_volume_of_their_own(t2_series, sagittal):
    folder, files, _ = t2_series
    uid = pydicom.dcmread(files[0]).SeriesInstanceUID
    for path in write_dicom_series(sagittal((4, 8, 3), origin=(80, 0, 0)), folder, series_number=2):
        change(path, SeriesInstanceUID=uid)
    assert sorted(series.image.grid.shape for series in read_visit(folder).series) == [(4, 8, 3), (6, 8, 5)]


def test_a_single_slice_is_a_volume(t2_series):
    folder, files, _ = t2_series
    for path in files[1:]:
        path.unlink()
    series = read_visit(folder).series[0]
    assert series.image.grid.shape == (6, 8, 1)
    assert series.image.grid.spacing_mm[2] == pytest.approx(4)
    assert series.kind.plane is Plane.SAGITTAL


def test_stripped_headers_are_accepted(t2_series):
    folder, files, image = t2_series
    gone = ("SeriesDescription", "FrameOfReferenceUID", "Modality", "SOPClassUID", "PatientID", "PatientName")
    more = ("InstanceNumber", "SeriesNumber", "StudyInstanceUID", "SOPInstanceUID", "ImageType", "StudyDate")
    for path in files:
        change(path, **dict.fromkeys((*gone, *more)))
    series = read_visit(folder).series[0]
    np.testing.assert_array_equal(series.image.array, image.array)
    assert series.image.grid.frame is None
    assert series.image.contrast is Contrast.T2


def test_a_slice_without_position_is_set_aside(t2_series):
    folder, files, _ = t2_series
    change(files[-1], ImagePositionPatient=None)
    visit = read_visit(folder)
    assert visit.series[0].image.grid.shape[2] == 4
    assert "places the picture nowhere" in reasons(visit)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localiser"),
        ({"SeriesDescription": "3-plane loc"}, "localiser"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary capture"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "screenshot"),
        ({"Modality": "SR"}, "structured report or dose report"),
        ({"Modality": "PR"}, "presentation state"),
        ({"Modality": "SEG"}, "segmentation object"),
        ({"Modality": "US"}, "modality US is not measured"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour picture"),
        ({"PixelSpacing": None}, "no pixel spacing"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "places the picture nowhere"),
    ],
)
def test_what_cannot_be_measured_is_set_aside_with_its_reason(t2_series, sagittal, values, reason):
    folder, _, _ = t2_series
    for path in write_dicom_series(sagittal((5, 5, 2)), folder, series_number=9):
        change(path, **values)
    visit = read_visit(folder)
    assert len(visit.series) == 1
    assert reason in reasons(visit)


def test_ct_values_are_hounsfield_units_and_the_tilt_is_kept(tmp_path, sagittal):
    image = sagittal(ct=True)
    affine = image.grid.affine.copy()
    affine[:3, 2] += 0.4 * affine[:3, 1]
    tilted = Image(image.array, Grid(image.grid.shape, affine), Quantity.HOUNSFIELD)
    write_dicom_series(tilted, tmp_path, rescale=(1.0, -1024.0))
    series = read_visit(tmp_path).series[0]
    assert series.image.quantity is Quantity.HOUNSFIELD
    np.testing.assert_array_equal(series.image.array, image.array)
    np.testing.assert_allclose(series.image.grid.affine, affine, atol=1e-6)


def test_ct_without_rescale_is_no_hounsfield_image(tmp_path, sagittal):
    for path in write_dicom_series(sagittal(ct=True), tmp_path):
        change(path, RescaleIntercept=None, RescaleSlope=None)
    series = read_visit(tmp_path).series[0]
    assert series.image.quantity is Quantity.ARBITRARY
    assert "not Hounsfield" in series.faults[0]


@pytest.mark.parametrize(("units", "quantity"), [("BQML", Quantity.BECQUEREL_PER_ML), ("CNTS", Quantity.COUNTS)])
def test_pet_values_take_each_slice_s_own_slope(tmp_path, sagittal, units, quantity):
    image = sagittal()
    for place, path in enumerate(write_dicom_series(image, tmp_path)):
        change(path, Modality="PT", Units=units, RescaleSlope=str(place + 1), RescaleIntercept="0")
    series = read_visit(tmp_path).series[0]
    assert series.image.quantity is quantity
    np.testing.assert_array_equal(series.image.array, image.array.astype(int) * np.arange(1, 6))


def test_nuclear_frames_are_placed_by_the_detector_and_the_step(tmp_path, sagittal):
    image = sagittal((6, 8, 3))
    path = write_dicom_series(image, tmp_path, enhanced=True, shuffled_names=False)[0]
    dataset = pydicom.dcmread(path)
    detector = pydicom.Dataset()
    detector.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    detector.ImagePositionPatient = [-10, -20, 30]
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        del dataset[keyword]
    dataset.DetectorInformationSequence = [detector]
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.20", "NM"
    dataset.ImageType, dataset.PixelSpacing = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"], [2, 2]
    dataset.SpacingBetweenSlices = -4
    dataset.save_as(path)
    series = read_visit(tmp_path).series[0]
    np.testing.assert_allclose(series.image.grid.affine[:, 3], [10, 20, 22, 1])
    np.testing.assert_array_equal(series.image.array, image.array[:, :, ::-1])
    assert series.image.quantity is Quantity.COUNTS


def test_a_radiograph_lies_along_its_stated_orientation(tmp_path, sagittal):
    path = write_dicom_series(sagittal((6, 8, 1)), tmp_path)[0]
    change(
        path,
        Modality="DX",
        PatientOrientation=["P", "F"],
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        SeriesDescription="LWS seitlich im Stehen",
    )
    series = read_visit(tmp_path).series[0]
    assert series.kind.plane is Plane.PROJECTION
    assert series.image.grid.axis_codes[:2] == "PI"
    assert series.posture is Posture.STANDING
    assert any("no position" in fault for fault in series.faults)


def test_drawings_in_unused_bits_do_not_reach_the_values(t2_series):
    folder, files, image = t2_series
    for path in files:
        dataset = pydicom.dcmread(path)
        pixels = np.frombuffer(dataset.PixelData, np.uint16) | 0x8000
        change(path, PixelData=pixels.tobytes(), BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_visit(folder).series[0].image.array, image.array)


def test_the_operator_s_word_wins_and_renames_the_series(t2_series):
    folder, _, _ = t2_series
    for key in ("acq-sag_T2w", "1"):
        series = read_visit(folder, overrides={key: Override(contrast=Contrast.STIR)}).series[0]
        assert series.image.contrast is Contrast.STIR
        assert series.name == "acq-sagSTIR_T2w"
        assert series.kind.decisions[0].by == "operator"


def test_an_override_for_no_series_is_refused(t2_series):
    with pytest.raises(InputError, match="names no series"):
        read_visit(t2_series[0], overrides={"acq-ax_T1w": Override()})


def test_study_dates_make_visits_in_order_and_never_show(tmp_path, sagittal):
    for number, date in enumerate(("20210304", "20190102")):
        write_dicom_series(sagittal(seed=number), tmp_path / str(number), study=str(number), study_date=date)
    sources = find_visits(tmp_path)
    assert [source.session for source in sources] == ["01", "02"]
    first, second = (read_visit(source) for source in sources)
    assert first.session == "01"
    np.testing.assert_array_equal(first.series[0].image.array, sagittal(seed=1).array)
    assert "2019" not in repr(sources) + repr((first.set_aside, first.series[0].facts, second.series[0].facts))
    with pytest.raises(InputError, match="2 visits"):
        read_visit(tmp_path)


def test_nothing_that_names_the_patient_passes(t2_series):
    folder, files, _ = t2_series
    for path in files:
        change(
            path,
            PatientName="Muster^Maria",
            PatientID="4711SECRET",
            SeriesDescription="t2 sag MUSTER",
            ProtocolName="Maria spine",
            ManufacturerModelName="Muster Scanner",
            SequenceName="tse maria",
            AccessionNumber="ACC99",
        )
    copy_as(files[0], "broken", Modality="SR", SeriesDescription="Muster report")
    visit = read_visit(folder)
    text = repr(
        (visit.participant, visit.session, visit.set_aside, [(s.name, s.kind, s.facts, s.faults) for s in visit.series])
    )
    for secret in ("muster", "maria", "4711", "acc99"):
        assert secret not in text.lower()


def test_progress_reaches_its_end(t2_series):
    calls = []
    read_visit(t2_series[0], progress=lambda done, total, what: calls.append((done, total, what)))
    assert (5, 5, "pixels") in calls
    assert {what for _, _, what in calls} == {"headers", "pixels"}


def test_the_fingerprint_follows_the_bytes(t2_series):
    folder, files, _ = t2_series
    before = read_visit(folder).series[0].fingerprint
    change(files[0], StationName="ELSEWHERE")
    assert read_visit(folder).series[0].fingerprint != before


def test_unknown_compression_is_a_clear_fault(t2_series):
    folder, files, _ = t2_series
    for path in files:
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.100")
        dataset.PixelData = pydicom.encaps.encapsulate([b"\x00" * 64])
        dataset["PixelData"].is_undefined_length = True
        dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(ReadError, match=r"compressed as MPEG2 .* cannot be decoded"):
        read_visit(folder)


def test_a_picture_type_of_one_word_is_understood(t2_series, sagittal):
    folder, _, _ = t2_series
    for path in write_dicom_series(sagittal((5, 5, 2)), folder, series_number=9):
        change(path, ImageType="LOCALIZER")
    assert "localiser" in reasons(read_visit(folder))


def test_jpeg_lossless_gives_the_same_values(t2_series):
    folder, files, image = t2_series
    for path in files:
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        assert reader.Read()
        changer = gdcm.ImageChangeTransferSyntax()
        changer.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        changer.SetInput(reader.GetImage())
        assert changer.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(path))
        writer.SetFile(reader.GetFile())
        writer.SetImage(changer.GetOutput())
        assert writer.Write()
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.70"
    np.testing.assert_array_equal(read_visit(folder).series[0].image.array, image.array)


def test_header_values_that_break_their_type_s_rules_reach_neither_log_nor_warning(t2_series, caplog):
    folder, files, _ = t2_series
    data = files[0].read_bytes()
    assert b"100.0 " in data
    assert b"HFS " in data
    files[0].write_bytes(data.replace(b"HFS ", b"H\xe4S ").replace(b"100.0 ", b"SECRET"))
    caplog.set_level(logging.DEBUG)
    visit = read_visit(folder)
    assert visit.series
    assert "SECRET" not in caplog.text + reasons(visit)
