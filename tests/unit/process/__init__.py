"""The process definition: proofs, pages, digest, reasons."""
