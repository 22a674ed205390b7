"""The changes of SQL: the same slips, in the text of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator

SQL = re.compile(
    r"\b(SELECT|UPDATE|INSERT|DELETE|WHERE|AND|OR|JOIN|FROM|VALUES|ORDER BY|SET|NOT|IN|UNION|LIMIT"
    r"|CASE|WHEN|THEN|EXISTS|ON CONFLICT|GROUP BY|HAVING|IS NULL)\b"
)
# What is looked for, and what comes instead; \g<0> is what was found.
SLIPS = [
    (re.compile(pattern), after)
    for pattern, after in (
        (r"\bIS NULL\b", "IS NOT NULL"),
        (r"\b(IS )?NOT NULL\b", "IS NULL"),
        (r"\bNOT (?=IN\b|EXISTS\b|LIKE\b)", ""),
        (r"(?<!NOT) IN (?=\()", " NOT IN "),
        (r"(?<!NOT )\bEXISTS\b(?! \w)", "NOT EXISTS"),
        (r"(?<!ON CONFLICT)(?<! \?) AND (?!\?)", " OR "),
        (r" OR (?!IGNORE|REPLACE)", " AND "),
        (r"\bOR IGNORE ", ""),
        (r"\bOR REPLACE\b", "OR IGNORE"),
        (r"<>", "="),
        (r"<=", "<"),
        (r">=", ">"),
        (r"<(?![=>])", "<="),
        (r"(?<![<])>(?!=)", ">="),
        (r" DESC\b", ""),
        (r"\bORDER BY (?=[a-z0-9_.]+)", "ORDER BY -"),
        (r"\bmax\(", "min("),
        (r"\bmin\(", "max("),
        (r"\bDISTINCT ", ""),
        (r"\bUNION ALL\b", "UNION"),
        (r" \+ ", " - "),
        (r" - ", " + "),
        (r"(?<!SELECT )(?<!BY )(?<![\w.?])\d+\b(?! FROM)", "7"),
        (r"'[a-z_ -]+'", "'X'"),
        (r"\bLEFT JOIN\b", "JOIN"),
    )
]
EQUALS = re.compile(r"(?<![<>=])=(?!=)")
LAST_WORD = re.compile(r"\b(SET|WHERE|ON|AND|OR|WHEN|HAVING|CASE)\b")


def is_sql(text: str) -> bool:
    """Tell whether a text is a statement or a piece of one."""
    return SQL.search(text) is not None


def statements(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield every change of a statement: the piece before, the piece after, the whole after."""
    for pattern, instead in SLIPS:
        for found in pattern.finditer(text):
            yield _changed(text, found, instead)
    for found in EQUALS.finditer(text):
        words = LAST_WORD.findall(text[: found.start()])
        if words and words[-1] != "SET":  # an assignment turned round is no SQL at all
            yield _changed(text, found, "<>")


def _changed(text: str, found: re.Match[str], instead: str) -> tuple[str, str, str]:
    start, end = found.span()
    left, right = text[max(0, start - 30) : start], text[end : end + 30]
    whole = text[:start] + instead + text[end:]
    return f"{left}{found[0]}{right}".strip(), f"{left}{instead}{right}".strip(), whole
