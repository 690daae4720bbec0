"""The text of a file: its characters, and YAML."""

from __future__ import annotations

from layercli.codes.records import Code, Example, command, error

_NET = "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n"

CODES: tuple[Code, ...] = (
    error(
        "empty-spec",
        "File holds no spec",
        "The file is empty, or has comments only. A spec has at least inputs and layers; layercli new writes one to start "
        "from.",
        "# a model is to come here\n",
    ),
    error(
        "not-a-mapping",
        "File is YAML, and no spec",
        "A spec is a mapping: keys such as inputs: and layers:, each with what belongs to it below. A list, a mere text or "
        "the source of a Python class is none.",
        "- Linear(8, 2)\n- ReLU()\n",
    ),
    error(
        "file-too-large",
        "File is larger than the limit",
        "A spec is text that people write, of at most a mebibyte. A larger file is another one, or has data in it. The "
        "option --limit bytes=... raises the limit.",
        command("layercli validate net.yaml --limit bytes=20", _NET),
    ),
    error(
        "not-utf8",
        "File isn't UTF-8",
        "Text is read as UTF-8 only, so that everybody sees the same. Save the file as UTF-8 in your editor.",
        Example({"net.yaml": _NET.encode() + b"# caf\xe9\n"}),
    ),
    error(
        "control-character",
        "Control character in a text",
        "Characters that drive terminals, and NUL, have no place in a spec, as characters or as escapes. Remove it.",
        'name: "Net\\0"\n' + _NET,
    ),
    error(
        "line-separator",
        "Character that only some take for a line's end",
        "NEL, U+2028 and U+2029 end a line for YAML and not for most editors and reviews, so a text could hold more lines "
        "than are seen. Write a plain line break, or a blank.",
        _NET + "# one\u2028two\n",
    ),
    error(
        "lone-carriage-return",
        "Carriage return without a line feed",
        "It ends a line for YAML and not for most editors. End lines with a line feed, alone or after a carriage return.",
        Example({"net.yaml": _NET.encode() + b"# one\rtwo\n"}),
    ),
    error(
        "bidirectional-character",
        "Character that changes the direction of a text",
        "It makes a text look different from what it says, in an editor and in a review. Remove it.",
        _NET + "# \u202etwo\n",
    ),
    error(
        "byte-order-mark",
        "Byte order mark inside a file",
        "It may stand at the very start of a file only. Remove it; it came with a text that was put together of several.",
        _NET + "\ufeff# more\n",
    ),
    error(
        "conflict-marker",
        "Merge conflict in a spec",
        "git left both sides of a conflict in the file. Keep the one that is right, or of both what is, and remove the lines "
        "with the markers.",
        "inputs: {x: [1, 8]}\nlayers:\n<<<<<<< HEAD\n  fc: Linear(8, 2)\n=======\n  fc: Linear(8, 3)\n>>>>>>> wider\n",
    ),
    error(
        "yaml-syntax",
        "Text is no YAML",
        "YAML can't read what stands here, for a reason that has no code of its own. The message says where it stopped.",
        "inputs: {*: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n",
    ),
    error(
        "yaml-tab",
        "Tab in the indentation",
        "YAML allows blanks only. Most editors write them for the tab key once they know that a file is YAML.",
        "inputs: {x: [1, 8]}\nlayers:\n\tfc: Linear(8, 2)\n",
    ),
    error(
        "yaml-indentation",
        "Line is indented in another way than its neighbours",
        "Keys of one mapping begin in one column, and so do the dashes of one list. A line that begins deeper goes on with "
        "the value above it.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n   act: ReLU()\n",
    ),
    error(
        "yaml-missing-blank",
        "No blank after a colon or a dash",
        "fc:Linear(8, 2) is one word for YAML, and so is -relu. Write a blank after the colon, and after the dash.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc:Linear(8, 2)\n",
    ),
    error(
        "yaml-missing-colon",
        "No colon after a name",
        "In layers and in other mappings a name is followed by a colon and a blank, not by an equals sign, and not by "
        "nothing.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc = Linear(8, 2)\n",
    ),
    error(
        "yaml-missing-entry",
        "Nothing between two commas",
        "Inside { } and [ ] a comma stands between two entries. Remove the one that is too many.",
        "inputs: {x: [1, , 8]}\nlayers:\n  fc: Linear(8, 2)\n",
    ),
    error(
        "yaml-mixed",
        "List and mapping in one place",
        "Lines with a dash and lines with a key stand side by side. Either each line begins with a dash, or none does.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 2)\n  - ReLU()\n",
    ),
    error(
        "yaml-unclosed",
        "Bracket or quote isn't closed",
        "What is opened with [, { or a quote has to be closed. The message points to where it opens.",
        'inputs: {x: [1, 8]}\nlayers:\n  fc: "Linear(8, 2)\n',
    ),
    error(
        "unbalanced-brackets",
        "Bracket was opened or closed too often",
        "An expression has a bracket without its partner. The message shows which; a comma inside { } may have cut the "
        "expression, which quotes prevent.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear((8, 2)\n",
    ),
    error(
        "yaml-quote-needed",
        "Expression needs quotes in YAML",
        "YAML has its own use for some characters: commas and brackets inside { } and [ ], a colon before a blank, and * & ! "
        "@ % at the start. Put the whole expression in quotes; in forward the block form, forward: |, needs none.",
        "inputs: {x: [1, 8]}\nlayers: {fc: Linear(8, 2)}\n",
    ),
    error(
        "yaml-comment",
        "Number sign cut a value off",
        "A blank and a # begin a comment in YAML, also in the middle of an expression. Put the expression in quotes, or the "
        "comment at its end.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8,  # features\n    2)\n",
    ),
    error(
        "yaml-key",
        "Key that is none",
        "A key is a name on one line with a colon after it. A list, a mapping or nothing at all is no key.",
        "inputs: {x: [1, 8]}\nlayers:\n  {fc}: Linear(8, 2)\n",
    ),
    error(
        "yaml-duplicate-key",
        "Key stands there twice",
        "YAML itself would keep the last of the two without a word. Rename one, or remove it.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: Linear(8, 8)\n  fc: Linear(8, 2)\n",
    ),
    error(
        "yaml-key-escape",
        "Escape in a key",
        "A key is written as it is, so that it can be found by searching for it. Write the character itself.",
        'inputs: {x: [1, 8]}\nlayers:\n  "f\\x63": Linear(8, 2)\n',
    ),
    error(
        "yaml-escape",
        "Unknown escape in a quoted text",
        "In double quotes a backslash begins an escape. Write two backslashes, or use single quotes, in which there are none.",
        'doc: "C:\\models"\n' + _NET,
    ),
    error(
        "yaml-anchor",
        "YAML anchor",
        "&name would let another place repeat this value by *name, unseen by a reviewer and up to any size. A param or a "
        "block says a thing once.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc1: &fc Linear(8, 8)\n  fc2: Linear(8, 2)\n",
    ),
    error(
        "yaml-alias",
        "YAML alias",
        "*name would repeat a value from another place. A param or a block says a thing once.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc1: Linear(8, 8)\n  fc2: *fc\n",
    ),
    error(
        "yaml-merge",
        "YAML merge key",
        "<< would copy another mapping into this one. Write its entries, or make a block of them.",
        "inputs: {x: [1, 8]}\nlayers:\n  <<: {fc: 'Linear(8, 2)'}\n",
    ),
    error(
        "yaml-tag",
        "YAML tag",
        "! and !! would say which type a value is, and in other programs run code. A spec has none.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: !!python/name:os.system\n",
    ),
    error(
        "yaml-directive",
        "YAML directive",
        "Lines such as %YAML and %TAG have no meaning in a spec. Remove the line.",
        "%YAML 1.1\n---\n" + _NET,
    ),
    error(
        "yaml-documents",
        "Several documents in a file",
        "A file holds one spec. Put what follows the line --- into a file of its own.",
        _NET + "---\n" + _NET,
    ),
    error(
        "yaml-depth",
        "YAML is nested too deeply",
        "Lists and mappings stand in each other more levels deep than anybody writes by hand.",
        "inputs: {x: [1, 8]}\nlayers:\n  fc: " + "[" * 120 + "]" * 120 + "\n",
    ),
)
