"""The host of writers that are killed, as a program of its own: see `victims`."""

from tests.durability.victims import host

host()
