"""The report as PDF."""

from __future__ import annotations

from lumbomics.core.errors import OutputError


def render_pdf(html: str) -> bytes:
    """Print a composed report to PDF, pages of A4.

    Parameters
    ----------
    html
        What ``compose_report`` gave.

    Returns
    -------
    bytes
        The PDF; write it with ``lumbomics.write.write_bytes_atomic``.

    Raises
    ------
    OutputError
        If WeasyPrint, which the extra ``pdf`` brings, is not installed.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415  an extra
        from weasyprint.urls import URLFetcher  # noqa: PLC0415  an extra
    except (ImportError, OSError) as error:
        raise OutputError(
            "PDF needs WeasyPrint 68 or newer, which is not installed or lacks its libraries",
            got=str(error),
            hint="install lumbomics[pdf], or print report.html from a browser",
        ) from error
    only_embedded = URLFetcher(allowed_protocols=["data"])
    return bytes(HTML(string=html, url_fetcher=only_embedded).write_pdf())
