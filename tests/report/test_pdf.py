import sys

import pytest

from lumbomics.core.errors import OutputError
from lumbomics.report import render_pdf


def test_without_weasyprint_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(OutputError, match=r"install lumbomics\[pdf\]"):
        render_pdf("<p>x</p>")


def test_a_page_becomes_a_pdf():
    pytest.importorskip("weasyprint", reason="the extra pdf is not installed")
    assert render_pdf("<!doctype html><html lang='en'><title>t</title><p>x</p></html>").startswith(b"%PDF-")
