"""Labels: from what a label says to what a printer gets. Knows identifiers and shared words, not courses."""
