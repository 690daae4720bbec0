"""A language server for specs: what an editor shows and offers while one is written."""
