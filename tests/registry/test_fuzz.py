from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumbomics.core.errors import ReadError
from lumbomics.registry.parse import FORMATS, parse

PIECES = [
    *(b"TY  - JOUR\n", b"TI  - Scar\n", b"ER  - \n", b"AU  - ", b"PY  - ", b"UR  - ;;", b"XX  - ", b"KW  - a\n b\n"),
    *(
        b"PMID- 12\n",
        b"PMID- x\n",
        b"TI  - ",
        b"      ",
        b"DEP - 99999999\n",
        b"PHST- 2010 [x]\n",
        b"IS  - 1\n",
        b"AD  - \n",
    ),
    *(b"@article{a, title={x}}\n", b"@article{", b'@string{s = "x"}\n', b"title = s # s,\n", b"}", b"{", b'"', b'\\"u'),
    *(
        b"Title,Year,DOI\n",
        b"Title;Authors\n",
        b"a,b,c\n",
        b"\t",
        b",",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\xff\xfe",
        b"\xfc",
        b"\xc3\xbc",
    ),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=25), st.sampled_from([None, *FORMATS])
)
def test_any_bytes_give_records_and_faults_or_one_clear_error(pieces, file_format):
    content = b"".join(pieces)
    try:
        parsed = parse(content, batch="b", today=date(2025, 1, 1), file_format=file_format)
    except ReadError:
        return
    lines = content.count(b"\n") + content.count(b"\r") + 2
    assert all(1 <= fault.line <= lines for fault in parsed.faults)
    assert len({r.id for r in parsed.records}) == len(parsed.records) > 0


@pytest.mark.parametrize("name", ["pubmed.nbib", "embase.ris", "scopus.csv"])
def test_a_file_cut_anywhere_loses_at_most_its_last_record(exports, name):
    export = next(e for e in exports.make_exports(7, records=60) if e.file == name)
    whole = parse(export.content, batch="b", today=date(2025, 1, 1)).records
    for cut in range(len(export.content) // 2, len(export.content), 977):
        parsed = parse(export.content[: cut + cut % 2], batch="b", today=date(2025, 1, 1))
        kept = list(parsed.records)
        assert kept[:-1] == list(whole[: len(kept) - 1])
