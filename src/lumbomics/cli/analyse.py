"""``lumbomics analyse``: from tables to findings, each analysis one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumbomics.cli.exits import Exit, print_json, reports_errors
from lumbomics.cli.options import Json

if TYPE_CHECKING:
    from lumbomics.run.analysis_files import Analysis

app = typer.Typer(
    name="analyse",
    help="Reliability, change, association, prediction, phenotypes, harmonisation, power; a cohort's report.",
    no_args_is_help=True,
)
_SHOWN_ROWS = 30

LongTable = Annotated[Path, typer.Argument(metavar="TABLE", help="Long measurement table, or a derivatives folder.")]
WideTable = Annotated[
    Path, typer.Argument(metavar="TABLE", help="Table with one row a participant (.csv, .tsv, .parquet).")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for tables, pictures and methods.md.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Source of all chance.")]
Participant = Annotated[str, typer.Option("--participant", help="Column of the participant.")]
Features = Annotated[list[str] | None, typer.Option("--feature", help="Column to use; may be repeated.")]


@app.command("report")
@reports_errors
def report(
    derivatives: Annotated[Path, typer.Argument(help="Derivatives folder with phenotype tables.")],
    out: Annotated[Path | None, typer.Option("--out", help="Page to write; cohort_report.html in the folder.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Session to analyse; the commonest where left out.")] = None,
    followup: Annotated[str | None, typer.Option(help="Later session to compare it with.")] = None,
    name: Annotated[str | None, typer.Option(help="What the cohort is called.")] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> Exit:
    """Write the cohort report: one page with every analysis that the tables allow."""
    from lumbomics.cli.show import print_cohort_report, progress_bar
    from lumbomics.run.cohort_report import cohort_report

    with progress_bar(hidden=as_json) as progress:
        made = cohort_report(
            derivatives, out=out, baseline=baseline, followup=followup, name=name, seed=seed, progress=progress
        )
    print_json(made.as_json()) if as_json else print_cohort_report(made)
    return Exit.OK


@app.command("reliability")
@reports_errors
def reliability(
    table: LongTable,
    between: Annotated[str, typer.Option(help="What is compared: rater, scanner, version, repeat, session.")] = "rater",
    session: Annotated[str | None, typer.Option(help="Use this session alone.")] = None,
    out: Out = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> Exit:
    """Tell how well repeated measurements agree: ICC, error of measurement, smallest change beyond it."""
    from lumbomics.run.analyse import analyse_reliability

    return _told(analyse_reliability(table, between=between, session=session, out=out, seed=seed), as_json)


@app.command("change")
@reports_errors
def change(
    table: LongTable,
    before: Annotated[str, typer.Option(help="Earlier session.")],
    after: Annotated[str, typer.Option(help="Later session.")],
    rater: Annotated[str | None, typer.Option(help="Use readings of this rater alone.")] = None,
    out: Out = None,
    as_json: Json = False,
) -> Exit:
    """Compare two visits, in the group and in each participant."""
    from lumbomics.run.analyse import analyse_change

    return _told(analyse_change(table, before=before, after=after, rater=rater, out=out), as_json)


@app.command("association")
@reports_errors
def association(
    table: WideTable,
    score: Annotated[list[str], typer.Option(help="Column of a score; may be repeated.")],
    biomarker: Annotated[
        list[str] | None, typer.Option(help="Column of a biomarker; may be repeated; all other numbers where left out.")
    ] = None,
    adjust: Annotated[list[str] | None, typer.Option(help="Covariate; may be repeated.")] = None,
    model: Annotated[
        str, typer.Option(help="ols, ols_hc3, logit, ordinal, gee_exchangeable, gee_independence, mixed.")
    ] = "ols",
    missing: Annotated[str, typer.Option(help="complete_case or multiple_imputation.")] = "complete_case",
    correction: Annotated[str, typer.Option(help="False-discovery rate: bh or by.")] = "bh",
    permutations: Annotated[int, typer.Option(min=0, help="Freedman-Lane permutations; 0 for none.")] = 0,
    participant: Participant = "participant",
    out: Out = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> Exit:
    """Search every biomarker against every score; hypothesis-generating."""
    from lumbomics.run.analyse import analyse_association

    found = analyse_association(
        table,
        score=score,
        biomarker=tuple(biomarker or ()),
        adjust=tuple(adjust or ()),
        model=model,
        missing=missing,
        correction=correction,
        permutations=permutations,
        participant=participant,
        out=out,
        seed=seed,
    )
    return _told(found, as_json)


@app.command("harmonise")
@reports_errors
def harmonise(
    table: WideTable,
    feature: Features = None,
    site: Annotated[str, typer.Option(help="Column of the site or scanner.")] = "site",
    keep: Annotated[list[str] | None, typer.Option(help="Covariate whose effect stays; may be repeated.")] = None,
    participant: Participant = "participant",
    out: Out = None,
    as_json: Json = False,
) -> Exit:
    """Take site effects out of biomarkers and show the sites before and after."""
    from lumbomics.run.analyse import analyse_harmonise

    made = analyse_harmonise(
        table, feature=tuple(feature or ()), site=site, keep=tuple(keep or ()), participant=participant, out=out
    )
    return _told(made, as_json)


@app.command("prediction")
@reports_errors
def prediction(
    table: WideTable,
    outcome: Annotated[str, typer.Option(help="Column to predict.")],
    feature: Annotated[list[str], typer.Option("--feature", help="Predictor; may be repeated.")],
    event: Annotated[str | None, typer.Option(help="Which of two values is the event.")] = None,
    task: Annotated[str, typer.Option(help="binary or continuous.")] = "binary",
    clinical: Annotated[
        list[str] | None, typer.Option(help="Predictor of the model without imaging; may be repeated.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Column of the site.")] = None,
    harmonise: Annotated[
        list[str] | None, typer.Option("--harmonise", help="Feature to harmonise inside the folds; may be repeated.")
    ] = None,
    learner: Annotated[str, typer.Option(help="elastic_net or boosting.")] = "elastic_net",
    repeats: Annotated[int, typer.Option(min=1, help="Repeats of the outer folds.")] = 5,
    permutations: Annotated[int, typer.Option(min=0, help="Permutations of the outcome; 0 for none.")] = 200,
    participant: Participant = "participant",
    out: Out = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> Exit:
    """Predict an outcome in participants never seen, and compare with chance and with a model without imaging."""
    from lumbomics.run.analyse import analyse_prediction

    found = analyse_prediction(
        table,
        outcome=outcome,
        feature=feature,
        event=event,
        task=task,
        clinical=tuple(clinical or ()),
        site=site,
        harmonise=tuple(harmonise or ()),
        learner=learner,
        repeats=repeats,
        permutations=permutations,
        participant=participant,
        out=out,
        seed=seed,
    )
    return _told(found, as_json)


@app.command("phenotype")
@reports_errors
def phenotype(
    table: WideTable,
    feature: Annotated[list[str], typer.Option("--feature", help="Column that describes patients; may be repeated.")],
    method: Annotated[str, typer.Option(help="medoids (gaps and words allowed) or mixture.")] = "medoids",
    participant: Participant = "participant",
    out: Out = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> Exit:
    """Look for kinds of patients; refuses them where one kind would look the same."""
    from lumbomics.run.analyse import analyse_phenotype

    found = analyse_phenotype(table, feature=feature, method=method, participant=participant, out=out, seed=seed)
    return _told(found, as_json)


@app.command("power")
@reports_errors
def power(
    correlation: Annotated[float | None, typer.Option(help="Association: the (partial) correlation.")] = None,
    covariates: Annotated[int, typer.Option(min=0, help="Association: covariates.")] = 0,
    tests: Annotated[int, typer.Option(min=1, help="Association: tests corrected for.")] = 1,
    icc: Annotated[float | None, typer.Option(help="Reliability: expected intraclass correlation.")] = None,
    width: Annotated[float | None, typer.Option(help="Reliability: width of its 95 % interval.")] = None,
    change: Annotated[float | None, typer.Option(help="Paired change: mean change.")] = None,
    sd: Annotated[float | None, typer.Option(help="Paired change: standard deviation between participants.")] = None,
    repeat_correlation: Annotated[float | None, typer.Option(help="Paired change: correlation of both visits.")] = None,
    parameters: Annotated[int | None, typer.Option(help="Prediction: candidate columns.")] = None,
    prevalence: Annotated[float | None, typer.Option(help="Prediction: share of events.")] = None,
    r2: Annotated[float | None, typer.Option(help="Prediction: Cox-Snell R².")] = None,
    power: Annotated[float, typer.Option(help="Wanted power.")] = 0.8,
    dropout: Annotated[float, typer.Option(help="Share of participants expected to be lost.")] = 0.0,
    as_json: Json = False,
) -> Exit:
    """Size a planned study: an association, a reliability study, a paired change, a prediction model."""
    from lumbomics.run.analyse import analyse_power

    plan = analyse_power(
        correlation=correlation,
        covariates=covariates,
        tests=tests,
        icc=icc,
        width=width,
        change=change,
        sd=sd,
        repeat_correlation=repeat_correlation,
        parameters=parameters,
        prevalence=prevalence,
        r2=r2,
        power=power,
        dropout=dropout,
    )
    frame = plan.to_frame()
    print_json(json.loads(frame.to_json(orient="records"))) if as_json else typer.echo(frame.to_string(index=False))
    return Exit.OK


def _told(found: Analysis, as_json: bool) -> Exit:
    if as_json:
        print_json(
            {
                "methods": found.methods,
                "table": json.loads(found.table.to_json(orient="records")),
                "files": [str(path) for path in found.files],
            }
        )
        return Exit.OK
    rows = found.table.dropna(axis=1, how="all")
    typer.echo(rows.head(_SHOWN_ROWS).to_string(index=False))
    if len(rows) > _SHOWN_ROWS:
        typer.echo(f"… and {len(rows) - _SHOWN_ROWS} more rows")
    typer.echo(found.methods)
    for path in found.files:
        typer.echo(f"  {path}")
    return Exit.OK
