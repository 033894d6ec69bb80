"""``lumbomics cohort``: exit codes, and one JSON document where asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lumbomics.cli.cohort import app

SCORES = (
    "participant_id\tsession_id\tinstrument\tsubscale\tside\tvalue\tcategory\tunit\tstatus\treason\titems_answered\t"
    "items\tmissing_items\thigher_is_worse\tdetail\n"
)


@pytest.fixture
def derivatives(tmp_path: Path) -> Path:
    rows = [f"sub-{n:02d}\tses-01\todi\ttotal\tn/a\t{n}\tn/a\t%\tok" for n in (1, 2)]
    rows = [row + "\tn/a" * 4 + "\ttrue\tn/a" for row in rows]
    (tmp_path / "phenotype").mkdir()
    (tmp_path / "phenotype" / "odi.tsv").write_text(SCORES + "\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_build_query_table_and_describe_follow_each_other(derivatives: Path) -> None:
    root = str(derivatives)
    built = CliRunner().invoke(app, ["build", root, "--json"])
    assert (built.exit_code, json.loads(built.stdout)["scores"]) == (0, 2)
    asked = CliRunner().invoke(app, ["query", root, "SELECT sum(value) AS total FROM scores", "--json"])
    assert json.loads(asked.stdout) == {"columns": ["total"], "rows": [[3.0]]}
    shown = CliRunner().invoke(app, ["describe", root])
    assert "n 2; 1.5" in shown.stdout
    out = derivatives / "answer.csv"
    assert (
        CliRunner().invoke(app, ["query", root, "SELECT value FROM scores ORDER BY 1", "--out", str(out)]).exit_code
        == 0
    )
    assert out.read_text(encoding="utf-8") == '"value"\n1\n2\n'
    wide = CliRunner().invoke(app, ["table", root, "--out", str(derivatives / "t.csv"), "--json"])
    assert json.loads(wide.stdout)["rows"] == 0


def test_a_fault_in_a_table_ends_with_code_1_and_a_missing_index_with_code_2(derivatives: Path) -> None:
    path = derivatives / "phenotype" / "odi.tsv"
    path.write_text(path.read_text(encoding="utf-8") + "sub-03\n", encoding="utf-8")
    built = CliRunner().invoke(app, ["build", str(derivatives)])
    assert built.exit_code == 1
    assert "odi.tsv, line 4: row is cut short" in built.stdout
    (derivatives / "cohort.duckdb").unlink()
    asked = CliRunner().invoke(app, ["query", str(derivatives), "SELECT 1"])
    assert asked.exit_code == 2
    assert "lumbomics cohort build" in asked.stderr
