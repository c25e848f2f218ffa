"""A report as a LaTeX document that compiles as it stands: a booktabs table that breaks over pages.

- landscape where names or formulas are long
- formulas are mathematics, everything else is text with its special characters escaped
- characters outside of ASCII are written as accents, signs or, as the last resort, by their code
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcalc.errors import printable
from archcalc.recorded import is_free
from archcalc.render.columns import PRINTED, SHARE, USUAL
from archcalc.render.facts import facts, flow, notes, numbers
from archcalc.render.rows import rows
from archcalc.render.units import Exact, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcalc.recorded import Quantity, Size
    from archcalc.render.columns import Columns
    from archcalc.render.rows import Row
    from archcalc.report import Report

UPRIGHT, LONG_NAME, LONG_FORMULA = 115, 50, 200
"""Characters across a page that stands upright, in a name that need not be broken, in a formula that fits a cell."""
_DOCUMENT = r"""\documentclass{article}
\usepackage[%s]{geometry}
\usepackage{booktabs,longtable,array}
\begin{document}
\footnotesize
\setlength{\tabcolsep}{3pt}
\setlength{\LTcapwidth}{\textwidth}
\begin{longtable}{%s}
\caption{%s}\\
\toprule
%s \\
\midrule
\endfirsthead
\toprule
%s \\
\midrule
\endhead
\bottomrule
\endfoot
%s
\midrule
%s \\
\end{longtable}
\begin{description}
%s
\end{description}
\end{document}
"""
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "*": "{*}",  # after the end of a row, * and [ would be its arguments
    "[": "{[}",
    "]": "{]}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"$\mathdollar$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedblright{}",
    "'": "{'}",
    "`": r"\`{}",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "→": r"$\to$",
    "…": r"\ldots{}",
    "\N{EN DASH}": r"\textendash{}",
    "—": r"\textemdash{}",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
}
_PLAIN = re.compile(r"[A-Za-z0-9 .,;:!?()/=+@-]*")
_ACCENTS = {"0300": "`", "0301": "'", "0302": "^", "0303": "~", "0308": '"', "0304": "=", "0307": "."} | {
    "0306": "u", "030A": "r", "030B": "H", "030C": "v", "0327": "c",
}  # fmt: skip


def render(report: Report, *, levels: int | None = None, expand: bool = False, columns: Columns = USUAL) -> str:
    """The report as a LaTeX document: the layers with their totals, and what there is to say of the whole."""
    shown = rows(report, levels=levels, expand=expand, columns=columns)
    exact = Exact(numbers(report, shown, columns))
    counts, totals = columns.shown(PRINTED), columns.totals(report)
    formulas = any(is_free(totals[name]) for name in counts if name != SHARE)
    longest = max((len(row.path.encode("ascii", "backslashreplace")) for row in shown), default=0)
    across = min(longest, LONG_NAME) + max((len(row.operators) for row in shown), default=0)
    across += 25 + sum(len(exact(totals[name])) for name in counts if name != SHARE)
    cells = _Cells(report, counts, exact, break_names=longest > LONG_NAME)
    titles = [escaped(columns.title(name)) for name in counts]
    header = " & ".join(("layer", "operators", "output", *titles, "RF"))
    body = [" & ".join(cells.row(row)) + r" \\" for row in shown]
    last = " & ".join(cells.last(totals))
    caption = [escaped(text.rstrip(".")) for text in (report.name, report.cite or "", flow(report, exact)) if text]
    said = [(escaped(label), escaped(text)) for label, text in facts(report, exact, columns)] + cells.below
    return _DOCUMENT % (
        f"{'landscape,' * (formulas or across > UPRIGHT)}margin=1.5cm",
        _columns(counts, formulas=formulas, long=longest > LONG_NAME),
        ". ".join([*caption, escaped(notes(report, shown, columns))]),
        header,
        header,
        "\n".join(body),
        last,
        "\n".join(rf"\item[{label}] {text}" for label, text in said),
    )


def _columns(counts: Sequence[str], *, formulas: bool, long: bool) -> str:
    """Of names and formulas that may be long, columns that break lines."""
    name = _ragged("right", "7cm" if not formulas else "4cm") if long else "l"
    if not formulas:
        return f"{name}ll{'r' * len(counts)}r"
    numbers = "".join("r" if count == SHARE else _ragged("left", "2.9cm") for count in counts)
    operators, output = _ragged("right", "2.2cm"), _ragged("right", "2.9cm")
    return f"{name}{operators}{output}{numbers}r"


def _ragged(side: str, width: str) -> str:
    return rf">{{\ragged{side}\arraybackslash}}p{{{width}}}"


class _Cells:
    """Writes the cells of rows; formulas too long for a cell are kept, to be printed below the table."""

    def __init__(self, report: Report, counts: Sequence[str], exact: Exact, *, break_names: bool) -> None:
        self.report = report
        self.counts = counts
        self.exact = exact
        self.break_names = break_names
        self.labels: dict[str, str] = {}
        self.below: list[tuple[str, str]] = []

    def row(self, row: Row) -> Iterator[str]:
        """The cells of a row."""
        path = escaped(row.path)
        path = path.replace("/", r"/\allowbreak ") if self.break_names else path
        yield path + (rf" $\times${row.times}" if row.times > 1 else "")
        yield escaped(row.operators)
        yield r"$\times$".join(map(self._axis, row.output_shape))
        for name in self.counts:
            share = percent(row.mult_adds, self.report.totals.mult_adds)
            yield escaped(share) if name == SHARE else self.number(row.number(name))
        yield "" if row.receptive_field is None else self.axes(row.receptive_field.size)

    def last(self, totals: Mapping[str, Size]) -> Iterator[str]:
        """The cells of the last row."""
        yield from ("total", "", "")
        for name in self.counts:
            yield "" if name == SHARE else self.number(totals[name])
        field = self.report.totals.receptive_field
        yield "" if field is None else self.axes(field.size)

    def number(self, number: Quantity) -> str:
        """A number with thousands set apart, or a formula."""
        return self._formula(number) if is_free(number) else self.exact(number).replace(",", "{,}")

    def axes(self, axes: Sequence[Quantity]) -> str:
        """What is said of every axis, once where all agree."""
        texts = [self._axis(axis) for axis in axes]
        return texts[0] if len(set(texts)) == 1 else r"$\times$".join(texts)

    def _axis(self, number: Quantity) -> str:
        if not is_free(number):
            return self.exact(number).replace(",", "")
        text = self._formula(number)
        return text if self.exact(number).isalnum() else f"({text})"

    def _formula(self, number: Quantity) -> str:
        from archcalc.symbolic.text import latex

        text = self.exact(number)
        if len(text) <= LONG_FORMULA:
            return f"${latex(number)}$"
        if text not in self.labels:
            self.labels[text] = f"$f_{{{len(self.labels) + 1}}}$"
            self.below.append((self.labels[text], f"${latex(number)}$"))
        return self.labels[text]


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is."""
    text = printable(text).replace("\t", r"\t")
    if not _PLAIN.fullmatch(text):
        text = "".join(map(_character, text))
    return text.replace("--", "{-}{-}")


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character
    from unicodedata import decomposition

    base, *marks = decomposition(character).split() or [""]
    if len(marks) == 1 and marks[0] in _ACCENTS and chr(int(base, 16)).isascii():
        return rf"\{_ACCENTS[marks[0]]}{{{chr(int(base, 16))}}}"
    return rf"{{[}}U+{ord(character):04X}{{]}}\allowbreak{{}}"
