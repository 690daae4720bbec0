"""What changed between a revision of a repository and the files as they are now."""
