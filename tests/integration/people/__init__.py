"""People, set-up and persons on both databases."""
