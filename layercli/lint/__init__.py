"""Warnings: what runs and is probably not what was meant."""
