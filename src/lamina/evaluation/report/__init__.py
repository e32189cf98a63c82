"""The report: one HTML file made of nothing but the facts of ``result.json``.

Enters: a dict of plain JSON values, of which any part may be missing. Leaves: text, or a file. Must not know: models,
tables, tensors; what is not in the facts is not in the report. matplotlib and jinja2 are imported only when a page is
made.
"""

from lamina.evaluation.report.page import report_html, write_report

__all__ = ["report_html", "write_report"]
