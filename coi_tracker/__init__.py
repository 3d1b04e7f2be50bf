"""The chain-of-identity record for autologous TIL therapy. Knows no HTTP and no pixels."""

__version__ = "0.1.0"
