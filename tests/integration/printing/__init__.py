"""Printing: jobs, printers, what is counted, and what is never printed twice."""
