"""Spec -> Trace by the rules of the catalogue, without torch."""
