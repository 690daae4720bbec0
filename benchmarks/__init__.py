"""How long layercli takes beside what it can't do without: one command, ``python -m benchmarks``."""
