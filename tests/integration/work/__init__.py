"""Lists of work: what is whose turn, when, and why not."""
