"""Spec -> Plan: the tree of layers with evaluated arguments, before any of them exists."""
