"""Events -> report. Pure: no clock, no files, no database."""
