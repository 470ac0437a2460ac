"""One page of all results: read from run folders, compared, drawn, written as HTML without other files."""
