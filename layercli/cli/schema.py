"""``layercli schema``."""

from __future__ import annotations

from layercli.cli.options import OutputOption
from layercli.cli.output import write_output

EXAMPLES = (
    ("layercli schema --output spec.schema.json", "for an editor's settings"),
    ("layercli schema | less", "what it says of each key"),
)


def run(output: OutputOption = None) -> int:
    """Print the JSON Schema of a spec file.

    Editors complete and check a spec by it: name its file in the settings, or in the first line of a spec, as in
    # yaml-language-server: $schema=spec.schema.json
    """
    import json

    from layercli.spec.schema import make_schema

    write_output(json.dumps(make_schema(), indent=1, ensure_ascii=False) + "\n", output)
    return 0
