"""What a command can't do, and what is wrong with how it was asked."""

from __future__ import annotations

from layercli.codes.records import SPEC_NAME, Code, Example, command, error

_NET = "dims: {N: 1}\ninputs: {x: [N, 8]}\nlayers:\n  fc: Linear(8, 2)\n"
_COMMITTED = ("git init -q", "layercli lock net.yaml", "git add .", "git commit -qm Net")


def _configured(table: str, last: str = "layercli check", **changed: str) -> Example:
    """A spec with its lock, and what [tool.layercli] says."""
    files = {SPEC_NAME: _NET, "pyproject.toml": f"[tool.layercli]\n{table}\n"}
    return Example(files, last, ("layercli lock net.yaml",), changed)


CODES: tuple[Code, ...] = (
    error(
        "usage",
        "Command line that can't be read",
        "An option, a value or an argument isn't one of this command's. layercli COMMAND --help shows what it takes.",
        command("layercli trace net.yaml --format jsno", _NET),
    ),
    error(
        "unknown-spec",
        "No such spec",
        "A name without a slash is looked for in the working folder, in configs/, and among the bundled models, which layercli "
        "list shows.",
        command("layercli trace lenett"),
    ),
    error(
        "missing-file",
        "No such file",
        "There is nothing at this path, or a link that leads nowhere. The message names the nearest file.",
        command("layercli trace models/net.yaml"),
    ),
    error(
        "is-folder",
        "Folder in the place of a spec",
        "This command takes one spec. layercli validate, lock and check take folders, too.",
        Example({"models/net.yaml": _NET}, "layercli trace models"),
    ),
    error(
        "not-regular",
        "No regular file",
        "Pipes and devices aren't read: reading them may never end.",
        command("layercli trace /dev/null"),
    ),
    error(
        "unreadable-file",
        "File or folder can't be read",
        "The system doesn't let it be read; the message has its reason.",
    ),
    error(
        "unwritable",
        "File can't be written",
        "The message says why: a folder that isn't there, no permission, a full disk, a link. What was there before is still "
        "there.",
        command("layercli trace net.yaml --static -o out/net.json -f json", _NET),
    ),
    error(
        "file-exists",
        "File is there already",
        "layercli new writes no file that is there. Take another name, or --force.",
        command("layercli new net", _NET),
    ),
    error(
        "unknown-param",
        "Spec has no such param",
        "--set names a param of the spec. The message names the nearest one.",
        command("layercli trace net.yaml --set width=8", _NET),
    ),
    error(
        "unknown-dim",
        "Spec has no such dim",
        "--dim and --symbolic name a dim of the spec. The message names the nearest one.",
        command("layercli trace net.yaml --dim B=8", _NET),
    ),
    error(
        "unknown-input",
        "Spec has no such input",
        "--input names an input of the spec. The message names the nearest one.",
        command("layercli trace net.yaml --input y=1x8", _NET),
    ),
    error(
        "input-not-sized",
        "Input whose sizes can't be replaced",
        "--input replaces the sizes of an input that is made by one call of given sizes. Change the spec, or use --dim.",
        command(
            "layercli trace net.yaml --input x=2x8",
            "inputs:\n  x: (rand(1, 8), rand(1, 8))\nlayers:\n  fc: Linear(8, 2)\nforward:\n  - fc(x[0])\n",
        ),
    ),
    error(
        "conflicting-size",
        "Two sizes for one dim",
        "--input and --dim, or two inputs, give a dim different sizes.",
        command("layercli trace net.yaml --input x=2x8 --dim N=3", _NET),
    ),
    error(
        "no-dims",
        "Spec has no dims",
        "Formulas and dims need sizes with names: dims: {N: 1}, and [N, 3] in inputs.",
        command("layercli dims net.yaml", "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n"),
    ),
    error(
        "unknown-path",
        "Model has no such layer",
        "A path is a layer's name with those around it, as rows and named_modules() have it: encoder.layers.0.",
        command("layercli show net.yaml --layer fc1", _NET),
    ),
    error(
        "ambiguous-name",
        "Name that means several things",
        "layercli explain takes a path of a layer, or the name of one in the catalogue, and this is both. The message says how "
        "to write each.",
    ),
    error(
        "unknown-model",
        "No such bundled model",
        "layercli list models shows all.",
        command("layercli list models lenett"),
    ),
    error(
        "unknown-code",
        "No such code",
        "layercli list codes shows all.",
        command("layercli help unknown-lair"),
    ),
    error(
        "unknown-column",
        "Table has no such column",
        "--columns takes names with commas between; the message lists them.",
        command("layercli trace net.yaml --columns flop", _NET),
    ),
    error(
        "bad-depth",
        "Depth that is none",
        "depth of a report is the number of levels that are drawn, at least 1.",
    ),
    error(
        "unknown-device",
        "No such kind of device",
        "--device is auto, cpu, cuda, cuda:N, mps or meta.",
        command("layercli trace net.yaml --device gpu", _NET),
    ),
    error(
        "no-such-device",
        "Device isn't here",
        "PyTorch has this kind of device, and this computer or this build of PyTorch hasn't. The message lists what is here.",
        command("layercli trace net.yaml --device cuda:99", _NET),
    ),
    error(
        "no-values",
        "No values on the meta device",
        "Its tensors have a shape and nothing in them. Take another device for --values and --stats.",
        command("layercli trace net.yaml --device meta --values", _NET),
    ),
    error(
        "no-torch",
        "PyTorch isn't installed",
        "A run needs it: pip install torch. Shapes and parameters are derived without it: --static.",
    ),
    error(
        "no-pygls",
        "pygls isn't installed",
        "The language server needs it: pip install 'layercli[server]'.",
    ),
    Code(
        "nothing-to-mend",
        "note",
        "Nothing to mend",
        "The spec runs as it is, so --fix changes nothing.",
        command("layercli trace net.yaml --static --fix", _NET),
    ),
    Code(
        "no-mend",
        "note",
        "No mend is known",
        "What is wrong has no change that was tried and ends it, so --fix changes nothing. The message says what is wrong.",
    ),
    error(
        "changed-file",
        "File changed in the meantime",
        "The spec on the disk isn't the one that was looked at any more, so nothing was written. Try again.",
    ),
    error(
        "nothing-to-check",
        "No spec to check",
        "A check that compared nothing would be green for nothing. Name a spec or a folder with specs: YAML files with inputs "
        "and layers.",
        command("layercli check"),
    ),
    error(
        "nothing-to-lock",
        "No spec to lock",
        "Name a spec or a folder with specs: YAML files with inputs and layers.",
        command("layercli lock"),
    ),
    error(
        "nothing-to-validate",
        "No spec to validate",
        "Name a spec or a folder with specs: YAML files with inputs and layers.",
        command("layercli validate"),
    ),
    error(
        "configuration",
        "[tool.layercli] isn't read",
        "pyproject.toml has a key that there isn't, or a value of another kind. docs/ci.md lists the keys.",
        _configured('fail-onn = ["checkpoints"]'),
    ),
    error(
        "toml-syntax",
        "pyproject.toml is no TOML",
        "The message has what Python's parser says of it, and where.",
        _configured("specs = [*.yaml]"),
    ),
    error(
        "ignore-unreasoned",
        "Ignore without a reason",
        'An ignore in [tool.layercli] counts once it says why: reason = "...".',
        _configured('ignore = [{spec = "net.yaml", path = "fc"}]'),
    ),
    error(
        "ignore-everything",
        "Ignore that matches everything",
        "An ignore in [tool.layercli] names the spec or the path that it is about. A class that never fails is left out of "
        "fail-on.",
        _configured('ignore = [{spec = "*", reason = "for now"}]'),
    ),
    error(
        "ignore-unused",
        "Ignore that nothing matches",
        "What an ignore in [tool.layercli] was for has been accepted or mended. Remove it.",
        _configured('ignore = [{spec = "net.yaml", path = "fc", reason = "wider soon"}]'),
    ),
    error(
        "configuration-loosened",
        "Configuration lets more pass than before",
        "Compared with a revision, [tool.layercli] ignores more, leaves specs out or fails on less. Whoever reviews the change "
        "should know.",
        Example(
            {SPEC_NAME: _NET, "pyproject.toml": '[tool.layercli]\nspecs = ["*.yaml"]\n'},
            "layercli check --against HEAD",
            _COMMITTED,
            {"pyproject.toml": '[tool.layercli]\nspecs = ["*.yaml"]\nexclude = ["old"]\n'},
        ),
    ),
    error(
        "unknown-revision",
        "No such revision",
        "The repository has no such branch, tag or commit, or not all of its history: a clone of a workflow run often has the "
        "last commit only.",
        Example({SPEC_NAME: _NET}, "layercli check --against v9", _COMMITTED),
    ),
    error(
        "no-repository",
        "No git repository here",
        "Comparing with a revision needs one.",
        command("layercli check --against main", _NET),
    ),
    error(
        "repository-owner",
        "Repository of another user",
        "git reads no repository whose folder belongs to somebody else, unless its path is in safe.directory.",
    ),
    error("no-git", "git isn't installed", "Comparing with a revision needs it."),
    error("git-failed", "git failed", "Its own sentence stands below the message."),
    error(
        "git-slow",
        "git takes too long",
        "It was ended. A repository on a slow disk, or a lock that another git holds.",
    ),
    error("git-too-much", "git gives too much", "An answer was larger than any spec or lock may be."),
    Code(
        "spec-unreadable",
        "warning",
        "Spec of a revision can't be derived",
        "It was wrong then and has no lock that can be read, so nothing was compared with it.",
        Example(
            {SPEC_NAME: _NET.replace("Linear", "Linaer")},
            "layercli check --against HEAD",
            ("git init -q", "git add .", "git commit -qm Net"),
            {SPEC_NAME: _NET},
        ),
    ),
    Code(
        "no-summary",
        "warning",
        "No summary of the workflow step",
        "The file that GitHub's runner names for it can't be written. What was found is the same.",
    ),
    error(
        "system",
        "System refused something",
        "What the system says, where no part of the program knows more.",
    ),
    error(
        "internal",
        "Bug of layercli",
        "This shouldn't happen. Please report it with what layercli --debug ... prints.",
    ),
)
