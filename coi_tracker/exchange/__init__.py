"""The record in other people's hands: bundles, tables, documents and exchange formats.

Reads entries of the custody log and writes files. It does not know the database, the rules, or who asked.
"""
