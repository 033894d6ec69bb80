"""Stands in for the three tools: takes their real options alone, writes what the test recorded, tells what it saw."""

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path


def totalspineseg(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--iso", action="store_true")
    parser.add_argument("--step1", action="store_true")
    parser.add_argument("--data-dir", "-d", type=Path)
    parser.add_argument("--max-workers", "-w", type=int)
    parser.add_argument("--device", choices=["cuda", "cpu"])
    parser.add_argument("--quiet", "-q", action="store_true")
    given = parser.parse_args(argv)
    results = given.data_dir / "nnUNet" / "results"
    weights = [results / "Dataset101_TotalSpineSeg_step1", results / "Dataset102_TotalSpineSeg_step2"]
    name = given.input.name
    outputs = {
        "step1": given.output / "step1_output" / name,
        "labels": given.output / "step2_output" / name,
    }
    return given, weights, outputs


def spineps(argv):
    parser = argparse.ArgumentParser()
    sample = parser.add_subparsers(dest="cmd", required=True).add_parser("sample")
    sample.add_argument("--input", "-i", type=Path, required=True)
    sample.add_argument("--model-semantic", "-ms", type=Path, required=True)
    sample.add_argument("--model-instance", "-mv", "-mi", type=Path)
    sample.add_argument("--model-labeling", "-ml", type=Path)
    sample.add_argument("--derivative-name", "-dn")
    sample.add_argument("--ignore-inference-compatibility", "-iic", action="store_true")
    sample.add_argument(os.environ.get("FAKE_CPU_OPTION", "--cpu"), action="store_true", dest="cpu")
    given = parser.parse_args(argv)
    contrast = given.input.name.removesuffix(".nii.gz").rsplit("_", 1)[1]
    folder = given.input.parent / given.derivative_name
    outputs = {
        "labels": folder / f"sub-image_mod-{contrast}_seg-vert_msk.nii.gz",
        "second": folder / f"sub-image_mod-{contrast}_seg-spine_msk.nii.gz",
    }
    return given, [given.model_semantic, given.model_instance, given.model_labeling], outputs


def totalsegmentator(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("-i", dest="input", type=Path)
    parser.add_argument("-o", dest="output", type=Path)
    parser.add_argument("-ml", "--ml", action="store_true")
    parser.add_argument("-nr", "--nr_thr_resamp", type=int)
    parser.add_argument("-ns", "--nr_thr_saving", type=int)
    parser.add_argument("-ta", "--task", choices=["total", "total_mr", "vertebrae_mr"], default="total")
    parser.add_argument("-rs", "--roi_subset", nargs="+")
    parser.add_argument("-d", "--device", choices=["cpu", "gpu"])
    parser.add_argument("-q", "--quiet", action="store_true")
    given = parser.parse_args(argv)
    if given.task == "vertebrae_mr" and given.roi_subset is not None:
        sys.exit("roi_subset only works with task 'total' or 'total_mr'")
    folder = Path(os.environ["TOTALSEG_WEIGHTS_PATH"])
    numbers = {"total": (292, 294, 298), "total_mr": (850, 852), "vertebrae_mr": (756,)}[given.task]
    weights = [next(folder.glob(f"Dataset{n}_*"), folder / f"Dataset{n}") for n in numbers]
    return given, weights, {given.task: given.output}


def main():
    behaviour = json.loads(os.environ["FAKE_BEHAVIOUR"])
    tool = Path(sys.argv[0]).name
    given, weights, outputs = globals()[tool.lower()](sys.argv[1:])
    settings = Path(os.environ.get("TOTALSEG_HOME_DIR", "/nowhere")) / "config.json"
    saw = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "mode": stat.S_IMODE(given.input.parent.parent.stat().st_mode),
        "folder": str(given.input.parent.parent),
        "input": given.input.name,
        "weights": {path.name: (path / "model.bin").is_file() or any(path.rglob("*.json")) for path in weights},
        "settings": json.loads(settings.read_text()) if settings.is_file() else None,
    }
    with Path(behaviour["saw"]).open("a") as record:
        record.write(json.dumps(saw) + "\n")
    if not all(saw["weights"].values()):
        sys.exit("would download weights")
    if "child" in behaviour:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(behaviour["child"]).write_text(str(child.pid))
    time.sleep(behaviour.get("sleep", 0))
    sys.stdout.write(behaviour.get("says", "") + "\n")
    sys.stdout.flush()
    for kind, source in behaviour.get("writes", {}).items():
        if kind in outputs:
            outputs[kind].parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, outputs[kind])
    sys.exit(behaviour.get("code", 0))


main()
