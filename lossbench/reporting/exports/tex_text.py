"""Any text as LaTeX that pdflatex typesets: special characters, accents, Greek, and the rest."""

import unicodedata
from collections.abc import Iterator

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
}
"""What LaTeX reads otherwise, or shows as another letter in its oldest font."""

SYMBOLS = {
    "\u2013": "--",
    "\u2014": "---",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2026": r"\dots{}",
    "\u00a0": "~",
    "\u00b1": r"$\pm$",
    "\u00d7": r"$\times$",
    "\u00b7": r"$\cdot$",
    "\u00b0": r"$^{\circ}$",
    "\u00b5": r"$\mu$",
    "\u2212": "$-$",
    "\u2192": r"$\to$",
    "\u221e": r"$\infty$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u2260": r"$\neq$",
    "\u2248": r"$\approx$",
    "\u00df": r"\ss{}",
    "\u00f8": r"\o{}",
    "\u00d8": r"\O{}",
    "\u00e6": r"\ae{}",
    "\u00c6": r"\AE{}",
    "\u0153": r"\oe{}",
    "\u0152": r"\OE{}",
    "\u0142": r"\l{}",
    "\u0141": r"\L{}",
    "\u0131": r"\i{}",
}
ACCENTS = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0304": r"\=",
    "\u0306": r"\u",
    "\u0307": r"\.",
    "\u0308": r"\"",
    "\u030a": r"\r",
    "\u030b": r"\H",
    "\u030c": r"\v",
    "\u0327": r"\c",
}
"""Those that every font of LaTeX has."""

_LATIN_LOOKALIKES = {
    "alpha": "A",
    "beta": "B",
    "epsilon": "E",
    "zeta": "Z",
    "eta": "H",
    "iota": "I",
    "kappa": "K",
    "mu": "M",
    "nu": "N",
    "omicron": "O",
    "rho": "P",
    "tau": "T",
    "chi": "X",
}
"""Capitals that TeX has no command for, as they look like these."""


def latex(text: str) -> str:
    """Return text for LaTeX, the same on every engine.

    Letters with accents, Greek letters and usual signs are written as commands; what pdflatex has
    no letter for, as emoji or Hebrew, stands by its number: `[U+1F525]`. Nothing of the text is
    read as a command.
    """
    return "".join(_one(char) for char in text)


def unknown_to_latex(text: str) -> list[str]:
    """Return the characters that `latex` writes by their numbers, each once, as ASCII."""
    return [_named(char) for char in dict.fromkeys(text) if _known(char) is None]


def comment(text: str) -> str:
    """Return text as a LaTeX comment: one line of ASCII that nothing can break out of."""
    return f"% {text.encode('ascii', 'backslashreplace').decode()}".translate(_CONTROLS)


_CONTROLS = {code: " " for code in (*range(32), 127)}


def _one(char: str) -> str:
    known = _known(char)
    return f"[U+{ord(char):04X}]" if known is None else known


def _named(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, 'without a name')}"


def _known(char: str) -> str | None:
    """Return a character for LaTeX, or None where pdflatex has none."""
    if char in SPECIAL:
        return SPECIAL[char]
    if char in "\t\n\r":
        return " "
    if " " <= char <= "~":
        return char
    if char in SYMBOLS:
        return SYMBOLS[char]
    return _accented(char) or _greek(char)


def _accented(char: str) -> str | None:
    parts = unicodedata.normalize("NFD", char)
    if len(parts) != 2 or not parts[0].isascii() or not parts[0].isalpha():
        return None
    if parts[1] not in ACCENTS:
        return None
    letter = {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0])
    return f"{ACCENTS[parts[1]]}{{{letter}}}"


def _greek(char: str) -> str | None:
    name = unicodedata.name(char, "").split()
    if name[:1] != ["GREEK"] or name[2:3] != ["LETTER"]:
        return None
    letter = " ".join(name[3:]).lower().replace("lamda", "lambda")
    if letter not in _LETTERS:
        return None
    if name[1] == "SMALL":
        command = {"final sigma": r"\varsigma", "omicron": "o"}.get(letter, f"\\{letter}")
        return f"${command}$"
    plain = _LATIN_LOOKALIKES.get(letter)
    return f"$\\mathrm{{{plain}}}$" if plain else f"$\\{letter.capitalize()}$"


_LETTERS = frozenset(
    {
        *"alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi".split(),
        *"omicron pi rho sigma tau upsilon phi chi psi omega".split(),
        "final sigma",
    }
)


def pieces(text: str, most: int) -> Iterator[str]:
    """Yield the characters of text as `latex` writes them, until they are about `most` wide."""
    width = 0
    for char in text:
        written = _one(char)
        width += len(written) if _known(char) is None else 1
        if width > most:
            yield r"\dots{}"
            return
        yield written
