"""The host of a crew, as a program of its own: see `crew`."""

from tests.races.crew import host

host()
