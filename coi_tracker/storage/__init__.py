"""The record in a database: tables, migrations, transactions, and rows turned into values and back.

The only room that speaks SQL. It knows what must never be stored and no rule of the process; services open the
transactions and put its parts together.
"""
