# ruff: noqa: E501, RUF001 (lists of words and names)
"""Synthetic exports of three databases with known duplicates, made from a seed.

Every report has a truth number. A report lies in one, two or three databases; each copy is spoilt as the sources do it:
DOI missing, diacritics lost or written out, titles cut, in capitals, with markup or a wrong letter, authors in another
order or cut after three, journals abbreviated, the year of the online version. Traps are reports of their own: part I and
part II, preprints, errata with their paper's title, conference abstracts, the same title years later, follow-ups that differ
in a number, companion papers that differ in a word, replies.
"""

from __future__ import annotations

import csv
import io
import random
import textwrap
import unicodedata
from dataclasses import dataclass, field, replace

_WHAT = """epidural fibrosis|recurrent disc herniation|adjacent segment degeneration|paraspinal muscle atrophy|sacroiliac joint pain
failed back surgery syndrome|spinal cord stimulation|dural sac enlargement|foraminal stenosis|pedicle screw loosening|nerve root
enhancement|arachnoiditis|sagittal balance|lumbar lordosis|pseudarthrosis|Modic changes|facet joint degeneration|postoperative
haematoma|surgical site infection|persistent radicular pain|grey matter volume|cauda equina clumping""".replace(
    "\n", " "
).split("|")
_HOW = """magnetic resonance imaging|diffusion tensor imaging|computed tomography|gadolinium-enhanced MRI|dynamic radiographs|SPECT/CT|
quantitative T2 mapping|magnetic resonance neurography|resting-state functional MRI|upright MRI|dual-energy CT|PET/MRI|deep learning|
ultrasound elastography|myelography|voxel-based morphometry""".replace("\n", "").split("|")
_WHERE = """after lumbar discectomy|following instrumented fusion|in patients with chronic low back pain|after decompression for spinal
stenosis|in persistent spinal pain syndrome type 2|after revision surgery|in older adults|after microdiscectomy|in workers|after
transforaminal interbody fusion|in the lumbar spine|at the L5-S1 level|after endoscopic surgery""".replace(
    "\n", " "
).split("|")
_KIND = """a prospective cohort study|a systematic review and meta-analysis|a randomised controlled trial|a retrospective analysis|results
of a multicentre study|reliability and agreement|a case-control study|a pilot study|correlation with clinical outcome|technical note|
long-term results|a cross-sectional study|predictors of outcome|an observational study""".replace("\n", " ").split("|")
_FAMILY = """Müller|García López|Björkström|Sørensen|Łukasik|Dvořák|Öztürk|Nguyen|Kim|Lee|Wang|Zhang|Chen|Li|Smith|Jones|van der Berg|de Souza|
O'Connor|Fernández|Weiß|Kobayashi|Tanaka|Rossi|Dessouky|Ross|Rönnberg|Lefèvre|Andrássy|Park|Novák|Silva|Haddad|Ivanova|Jansen|Kjær|
Åkesson|Schröder|Martínez|Baer|Ferreira|Yılmaz|Bošković|McKenzie|Hansen|Petit|Brown|Taylor|Singh|Patel""".replace(
    "\n", ""
).split("|")
_GIVEN = [
    "Jörg",
    "Anna",
    "María",
    "Li",
    "Wei",
    "Hans",
    "Élodie",
    "John",
    "Mary",
    "Kenji",
    "Ayşe",
    "Søren",
    "Ines",
    "Paul",
    "Zoë",
    "Chloé",
    "Igor",
    "Nadia",
    "Tom",
    "Sara",
    "Ömer",
    "Lars",
]
_JOURNALS = (
    ("European Spine Journal", "Eur Spine J"),
    ("Spine (Phila Pa 1976)", "Spine"),
    ("The Spine Journal", "Spine J"),
    ("American Journal of Neuroradiology", "AJNR Am J Neuroradiol"),
    ("Journal of Neurosurgery: Spine", "J Neurosurg Spine"),
    ("Pain Medicine", "Pain Med"),
    ("Neuroradiology", "Neuroradiology"),
    ("Radiology", "Radiology"),
    ("BMC Musculoskeletal Disorders", "BMC Musculoskelet Disord"),
    ("Global Spine Journal", "Global Spine J"),
    ("Acta Radiologica", "Acta Radiol"),
    ("Clinical Radiology", "Clin Radiol"),
    ("World Neurosurgery", "World Neurosurg"),
    ("Skeletal Radiology", "Skeletal Radiol"),
)

_COMPANIONS = (
    ("with diabetes", "without diabetes"),
    ("with left-sided leg pain", "with right-sided leg pain"),
    ("who are men", "who are women"),
    ("under anterior fusion", "under posterior fusion"),
    ("given interleukin-1 alpha", "given interleukin-1 beta"),
    ("with grade A scars", "with grade B scars"),
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """One true report."""

    truth: int
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int
    journal: tuple[str, str]
    volume: str
    page: str
    doi: str
    pmid: str
    kind: str = "article"


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One record of a report as a database shows it."""

    truth: int
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int | None
    journal: str
    volume: str
    page: str
    doi: str
    pmid: str
    kind: str
    et_al: bool = False


@dataclass
class Export:
    """One database's file: its name, bytes and the truth number of each record in order."""

    database: str
    file: str
    content: bytes
    truth: list[int] = field(default_factory=list)


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def report(self, **changes: object) -> Report:
        r = self.random
        self.count += 1
        what, how, where, kind = (r.choice(options) for options in (_WHAT, _HOW, _WHERE, _KIND))
        pattern = r.choice(
            (
                "{w} on {h} {p}: {k}",
                "{h} of {w} {p}: {k}",
                "{w} {p}: {k} with {h}",
                "{h} and {w} {p}",
                "Role of {h} in {w} {p}",
            )
        )
        title = pattern.format(w=what.strip(), h=how.strip(), p=where.strip(), k=kind.strip())
        if r.random() < 0.15:
            title += f" ({r.randint(20, 400)} patients)"
        made = Report(
            truth=self.count,
            title=title[0].upper() + title[1:],
            authors=tuple((r.choice(_FAMILY).strip(), r.choice(_GIVEN)) for _ in range(r.randint(1, 9))),
            year=r.randint(1990, 2015),
            journal=r.choice(_JOURNALS),
            volume=str(r.randint(5, 60)),
            page=str(r.randint(1, 2400)),
            doi=f"10.{r.randint(1000, 1999)}/j.{self.count:05d}.{r.randint(100, 999)}" if r.random() < 0.9 else "",
            pmid=str(10_000_000 + self.count * 37),
        )
        return replace(made, **changes)

    def traps(self, scale: int) -> list[list[Report]]:
        """Families of reports that look alike and are not the same."""
        r, families = self.random, []
        for number in range(8 * scale):
            base = self.report()
            like = {"authors": base.authors, "title": base.title}
            if number % 8 == 0:
                parts = [
                    replace(base, title=f"{base.title}. Part I: methods"),
                    {**like, "title": f"{base.title}. Part II: methods"},
                ]
                families.append(
                    [parts[0], self.report(**parts[1], year=base.year, journal=base.journal, volume=base.volume)]
                )
            elif number % 8 == 1:
                families.append(
                    [
                        base,
                        self.report(
                            **like,
                            year=base.year - r.randint(0, 1),
                            journal=("medRxiv", "medRxiv"),
                            volume="",
                            page="",
                            pmid="",
                            doi=f"10.1101/2023.{self.count:05d}",
                            kind="preprint",
                        ),
                    ]
                )
            elif number % 8 == 2:
                families.append(
                    [
                        base,
                        self.report(
                            **{
                                **like,
                                "title": r.choice(
                                    (base.title, f"Erratum: {base.title}", f"Correction to: {base.title}")
                                ),
                            },
                            year=base.year + 1,
                            journal=base.journal,
                            kind="erratum",
                        ),
                    ]
                )
            elif number % 8 == 3:
                families.append(
                    [
                        base,
                        self.report(
                            **like,
                            year=base.year - r.randint(0, 1),
                            journal=r.choice((base.journal, r.choice(_JOURNALS))),
                            page=f"S{r.randint(10, 400)}",
                            pmid="",
                            doi="",
                            kind="abstract",
                        ),
                    ]
                )
            elif number % 8 == 4:
                families.append([base, self.report(**like, year=base.year + r.randint(3, 8), journal=base.journal)])
            elif number % 8 == 5:
                one, two = r.sample((1, 2, 3, 5, 10), 2)
                families.append(
                    [
                        replace(base, title=f"{base.title}: {one}-year follow-up"),
                        self.report(
                            authors=base.authors,
                            title=f"{base.title}: {two}-year follow-up",
                            journal=base.journal,
                            year=base.year + r.randint(0, 2),
                        ),
                    ]
                )
            elif number % 8 == 6:
                one, two = r.choice(_COMPANIONS)
                titles = (f"{base.title} in patients {word}" for word in (one, two))
                families.append(
                    [
                        replace(base, title=next(titles)),
                        self.report(authors=base.authors, title=next(titles), year=base.year, journal=base.journal),
                    ]
                )
            else:
                families.append(
                    [
                        base,
                        self.report(
                            title=f"Letter to the editor: {base.title}",
                            year=base.year,
                            journal=base.journal,
                            kind="letter",
                        ),
                    ]
                )
        return families

    def copy(self, report: Report, database: str) -> Copy:
        r = self.random
        title, authors, et_al = self.spoil_title(report.title), report.authors, False
        if r.random() < 0.05:
            authors = tuple(r.sample(authors, len(authors)))
        if len(authors) > 3 and r.random() < 0.15:
            authors, et_al = authors[:3], True
        if r.random() < 0.25:
            authors = tuple((self.spoil_name(f), self.spoil_name(g)) for f, g in authors)
        has_pmid = {"pubmed": 1.0, "embase": 0.4, "scopus": 0.5}[database] > r.random()
        return Copy(
            truth=report.truth,
            title=title,
            authors=authors,
            year=report.year + (r.choice((-1, 1)) if r.random() < 0.06 else 0),
            journal=report.journal[0] if database != "embase" and r.random() < 0.8 else report.journal[1],
            volume=report.volume if r.random() < 0.93 else "",
            page=report.page if r.random() < 0.9 else "",
            doi=report.doi if r.random() < 0.68 else "",
            pmid=report.pmid if has_pmid else "",
            kind=report.kind if r.random() < 0.7 else "article",
            et_al=et_al,
        )

    def spoil_title(self, title: str) -> str:
        r, roll = self.random, self.random.random()
        if roll < 0.10:
            title = title.upper()
        elif roll < 0.25:
            title = title.title()
        if r.random() < 0.15:
            title = title.replace(": ", r.choice((" - ", ". ", "; ")))
        if r.random() < 0.1:
            title = title.replace(" and ", " & ")
        if r.random() < 0.05:
            title = title.replace("MRI", "<i>MRI</i>").replace("T2", "T<sub>2</sub>")
        if r.random() < 0.04:
            place = r.randrange(3, len(title) - 3)
            title = title[:place] + r.choice(("", "e", "x")) + title[place + 1 :]
        if len(title) > 75 and r.random() < 0.07:
            title = title[: r.randint(60, len(title) - 5)].rstrip() + r.choice(("...", "…", ""))
        return title + ("." if r.random() < 0.3 and not title.endswith(("...", "…")) else "")

    def spoil_name(self, name: str) -> str:
        if self.random.random() < 0.3:
            for letter, written in (("ü", "ue"), ("ö", "oe"), ("ä", "ae"), ("ø", "oe"), ("ß", "ss")):
                name = name.replace(letter, written)
        bare = unicodedata.normalize("NFKD", name)
        return (
            "".join(c for c in bare if not unicodedata.combining(c))
            .replace("ł", "l")
            .replace("Ł", "L")
            .replace("ø", "o")
        )


def make_exports(seed: int = 890, *, records: int = 890) -> list[Export]:
    """Three exports that hold ``records`` records together."""
    maker = _Maker(seed)
    trap_families = maker.traps(max(1, records // 90))
    reports = [one for family in trap_families for one in family]
    placed: dict[str, list[Copy]] = {"pubmed": [], "embase": [], "scopus": []}

    def place(report: Report) -> None:
        shares = {"pubmed": 0.75 if report.pmid else 0.0, "embase": 0.62, "scopus": 0.58}
        chosen = [d for d, share in shares.items() if maker.random.random() < share] or ["embase"]
        chosen += ["embase"] if maker.random.random() < 0.01 else []
        for database in chosen:
            if sum(map(len, placed.values())) < records:
                placed[database].append(maker.copy(report, database))

    for report in reports:
        place(report)
    while sum(map(len, placed.values())) < records:
        place(maker.report())
    for copies in placed.values():
        maker.random.shuffle(copies)
    return [
        Export("PubMed", "pubmed.nbib", _nbib(placed["pubmed"]), [c.truth for c in placed["pubmed"]]),
        Export("Embase", "embase.ris", _ris(placed["embase"]), [c.truth for c in placed["embase"]]),
        Export("Scopus", "scopus.csv", _scopus(placed["scopus"]), [c.truth for c in placed["scopus"]]),
    ]


_PUBMED_KINDS = {"erratum": "Published Erratum", "letter": "Letter"}
_SCOPUS_KINDS = {"erratum": "Erratum", "letter": "Letter", "abstract": "Conference Paper", "preprint": "Preprint"}


def _nbib(copies: list[Copy]) -> bytes:
    lines = []
    for one in copies:
        lines += [
            f"PMID- {one.pmid}",
            "OWN - NLM",
            *textwrap.wrap(f"TI  - {one.title}", 80, subsequent_indent="      "),
        ]
        for family, given in one.authors:
            lines += [f"FAU - {family}, {given}", f"AU  - {family} {given[0]}"]
        lines += [
            "LA  - eng",
            f"PT  - {_PUBMED_KINDS.get(one.kind, 'Journal Article')}",
            f"DP  - {one.year} Mar",
            f"JT  - {one.journal}",
        ]
        lines += [f"VI  - {one.volume}"] if one.volume else []
        lines += [f"PG  - {one.page}-{one.page}9"] if one.page else []
        lines += [f"AID - {one.doi} [doi]"] if one.doi else []
        lines += [""]
    return "\n".join(lines).encode()


def _ris(copies: list[Copy]) -> bytes:
    lines = []
    for one in copies:
        lines += ["TY  - " + ("CONF" if one.kind == "abstract" else "JOUR"), f"T1  - {one.title}"]
        lines += [f"A1  - {family} {given[0]}." for family, given in one.authors]
        lines += [f"M3  - {one.kind.title()}", f"Y1  - {one.year}//", f"JF  - {one.journal}"]
        lines += [f"VL  - {one.volume}"] if one.volume else []
        lines += [f"SP  - {one.page}", f"EP  - {one.page}9"] if one.page else []
        lines += [f"DO  - https://doi.org/{one.doi.upper()}"] if one.doi else []
        lines += [f"PM  - {one.pmid}"] if one.pmid else []
        lines += ["LA  - English", "ER  - ", ""]
    return "\r\n".join(lines).encode("utf-16")


def _scopus(copies: list[Copy]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(
        [
            "Authors",
            "Title",
            "Year",
            "Source title",
            "Volume",
            "Page start",
            "Page end",
            "DOI",
            "PubMed ID",
            "Document Type",
            "Language of Original Document",
        ]
    )
    for one in copies:
        authors = "; ".join([f"{f}, {g[0]}." for f, g in one.authors] + (["et al."] if one.et_al else []))
        kind = _SCOPUS_KINDS.get(one.kind, "Article")
        writer.writerow(
            [authors, one.title, one.year, one.journal, one.volume, one.page, "", one.doi, one.pmid, kind, "English"]
        )
    return b"\xef\xbb\xbf" + stream.getvalue().encode()
