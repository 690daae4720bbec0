"""Why a model can't run, where the wrong size came from, and what to write instead: mends are tried by deriving."""
