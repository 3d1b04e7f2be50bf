"""The shape of the house: arrows between rooms, sizes, and what may stand where."""
