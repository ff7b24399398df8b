"""From a report to something to read: terminal, page, comment, data.

Every reporter sees a finished :class:`~queryaudit.records.report.Report` and nothing else, so
a saved report can be rendered anywhere, later, without Django. Importing this package imports
no rendering library: see :mod:`queryaudit.reports.registry`.
"""
