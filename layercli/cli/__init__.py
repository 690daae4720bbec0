"""The command line: one file per command; options in, one call, output and exit code out."""
