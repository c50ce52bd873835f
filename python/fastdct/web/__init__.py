"""Pages that show results to a person."""
