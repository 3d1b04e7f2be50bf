"""The custody log on its own: no database, no rules, no clock."""
