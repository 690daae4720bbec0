"""YAML text -> Spec: the language, its documents, expressions and interpreter."""
