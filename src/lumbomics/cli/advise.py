"""``lumbomics advise``: what the rules say about a case, and the tools to look after the rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from lumbomics.cli.exits import Exit, print_json, reports_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lumbomics.advise import Case, Observed
    from lumbomics.catalogue import RuleBook


class _CaseByDefault(TyperGroup):
    """A first word that is no command is a case: ``advise CASE.yaml`` is ``advise case CASE.yaml``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["case", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="advise",
    cls=_CaseByDefault,
    no_args_is_help=True,
    help="Which imaging next, on what evidence. `lumbomics advise CASE.yaml`; no clinical order.",
)

_JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]
_RulesOption = Annotated[Path | None, typer.Option("--rules", help="A rule book of your own.")]
_CasesOption = Annotated[Path | None, typer.Option("--cases", help="Folder of case files; default: those shipped.")]


@app.command()
@reports_errors
def case(
    file: Annotated[
        Path | None, typer.Argument(metavar="CASE", help="YAML or JSON file, - for standard input.")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for facts that can still change the outcome.")] = False,
    until: Annotated[str, typer.Option(help="With --ask: least grave severity worth a question.")] = "suggest",
    visit: Annotated[
        Path | None, typer.Option("--visit", help="Finished visit (DERIVATIVES/sub/ses): its facts.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also information and rules that wait for facts.")] = False,
    rules: _RulesOption = None,
    as_json: _JsonOption = False,
) -> None:
    """Say what the rules say about one case, and why."""
    from lumbomics.advise import advice_lines, advise

    book = _book(rules)
    known = _known(file, _seen(visit, book), book)
    advice = advise(_asked(known, until, book) if ask else known, book=book)
    if as_json:
        print_json(advice.to_dict())
    else:
        typer.echo("\n".join(advice_lines(advice, everything=everything)))


@app.command()
@reports_errors
def protocol(
    study: Annotated[Path, typer.Argument(help="DICOM folder, NIfTI file or BIDS data set of one visit.")],
    question: Annotated[str, typer.Option("--question", help="What the images must answer, such as scar_vs_disc.")],
    file: Annotated[
        Path | None, typer.Option("--case", help="Case file with facts, such as metal near the region.")
    ] = None,
    as_json: _JsonOption = False,
) -> None:
    """Say what a visit's series lack for a question."""
    from lumbomics.advise import protocol_lines, read_case
    from lumbomics.run.advise import protocol_of_study

    report = protocol_of_study(study, question, case=None if file is None else read_case(file))
    if as_json:
        print_json(report.to_dict())
    else:
        typer.echo("\n".join(protocol_lines(report)))


@app.command()
@reports_errors
def lint(
    file: Annotated[Path | None, typer.Argument(metavar="RULES", help="Rule book; default: the shipped one.")] = None,
    as_json: _JsonOption = False,
) -> Exit:
    """Search a rule book for dead rules, contradictions, unknown facts and limits without a source."""
    from dataclasses import asdict

    from lumbomics.advise import lint as search

    book = _book(file)
    remarks = search(book)
    errors = sum(remark.grade == "error" for remark in remarks)
    if as_json:
        print_json([asdict(remark) for remark in remarks])
    else:
        for remark in remarks:
            typer.echo(f"{remark.grade:6} {remark.rule or '-':5} {remark.kind}: {remark.text}")
        typer.echo(
            f"{len(book.rules)} rules, {len(book.facts)} facts: {errors} errors, {len(remarks) - errors} notices"
        )
    return Exit.SOME_FAILED if errors else Exit.OK


@app.command()
@reports_errors
def coverage(rules: _RulesOption = None, cases: _CasesOption = None, as_json: _JsonOption = False) -> None:
    """Report where each rule fires over its fact space and over a case library."""
    from lumbomics.advise import cover, coverage_lines, library_folder, read_cases

    book = _book(rules)
    report = cover(read_cases(cases or library_folder(), book=book).values(), book=book)
    if as_json:
        print_json(report.to_dict())
    else:
        typer.echo("\n".join(coverage_lines(report)))


@app.command()
@reports_errors
def diff(
    before: Annotated[Path, typer.Argument(help="Rule book, the older version.")],
    after: Annotated[Path, typer.Argument(help="Rule book, the newer version.")],
    cases: Annotated[Path | None, typer.Argument(help="Folder of case files; default: those shipped.")] = None,
    as_json: _JsonOption = False,
) -> None:
    """Show for which cases two versions of a rule book differ."""
    from lumbomics.advise import diff_books, diff_lines, library_folder, read_cases
    from lumbomics.catalogue import read_rules

    books = [read_rules(before), read_rules(after)]
    read = [read_cases(cases or library_folder(), book=book) for book in books]
    found = diff_books(*books, cases_before=read[0], cases_after=read[1])
    if as_json:
        print_json(found.to_dict())
    else:
        typer.echo("\n".join(diff_lines(found)))


def _book(path: Path | None) -> RuleBook:
    from lumbomics.catalogue import load_rules, read_rules

    return load_rules() if path is None else read_rules(path)


def _seen(visit: Path | None, book: RuleBook) -> Mapping[str, Observed]:
    if visit is None:
        return {}
    from lumbomics.run.advise import facts_of_visit

    return facts_of_visit(visit, book=book)


def _known(file: Path | None, observed: Mapping[str, Observed], book: RuleBook) -> Case:
    from lumbomics.advise import make_case, read_case

    if file is None:
        return make_case({}, observed=observed, book=book)
    return read_case(file, observed=observed, book=book)


def _asked(known: Case, until: str, book: RuleBook) -> Case:
    """Ask until nothing can change any more, or until an answer is ``q``."""
    from lumbomics.advise import answered, open_questions
    from lumbomics.core.errors import LumbomicsError

    while questions := open_questions(known, until=until, book=book):
        question = questions[0]
        typer.echo(f"{question.text} ({', '.join(question.rules)}; {len(questions)} open)", err=True)
        typed = typer.prompt(f"  {question.answers}, q ends", default="?", show_default=False, err=True)
        if typed.strip().lower() == "q":
            break
        try:
            known = answered(known, question.fact, typed, book=book)
        except LumbomicsError as error:
            typer.echo(f"  {error}", err=True)
    return known
