"""Features, index, search, verification and evaluation."""
