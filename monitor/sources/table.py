"""`kind = "table"`: CSV, JSON, JSON lines, XLSX or Parquet, turned into our nouns by a mapping file of SQL.

What the mapping sees stands in `mapped.py`. For tabular formats every column is text under a plain name (lower case,
anything but letters and digits becomes `_`, twins get `_2`), beside `source_row`, counted from 1 without the
header. For JSON there are `source_row` and `doc`, one JSON object a row.

A row the format itself breaks (too many cells) never reaches the mapping and is refused here; it keeps its
number.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from pydantic import Field

from monitor.domain.errors import RejectedError
from monitor.sources import Loaded
from monitor.sources.border import Refusal
from monitor.sources.encoding import decode
from monitor.sources.fetch import Fetched
from monitor.sources.ledger_book import open_book
from monitor.sources.mapped import MappedSource

Format = Literal["auto", "csv", "json", "jsonl", "xlsx", "parquet"]


class TableSource(MappedSource):
    """Rows of any portal, read by a mapping."""

    kind: Literal["table"] = "table"
    format: Annotated[Format, Field(description="What the file is; `auto` looks at it.")] = "auto"
    encoding: Annotated[str, Field(description="Encoding of CSV text; `auto` tries UTF-8, then guesses.")] = "auto"
    records: Annotated[str, Field(description="Dotted path of the list of records inside a JSON object.")] = ""
    next: Annotated[str, Field(description="Dotted path of the next page's address inside a JSON object.")] = ""

    def load(self, db: duckdb.DuckDBPyConnection, pages: Sequence[Fetched], base: Path) -> Loaded:
        """Raises RejectedError for a payload of another format or shape, ConfigError for a faulty mapping."""
        sent, broken = numbered([self._rows(page) for page in pages])
        return self.mapped(db, sent, broken, base)

    def next_page(self, page: Fetched) -> str | None:
        """The address under `next` in a JSON page; none for other formats."""
        if not self.next or self._format(page.content) != "json":
            return None
        found = dig(parse(page), self.next)
        return found if isinstance(found, str) and found else None

    def _format(self, content: bytes) -> str:
        return self.format if self.format != "auto" else guess(content)

    def _rows(self, page: Fetched) -> tuple[pa.Table, list[Refusal]]:
        if not page.content.strip():
            raise RejectedError(
                f"{page.location}: the answer is empty", hint="the last good state stays as it was", why="empty"
            )
        kind = self._format(page.content)
        if kind == "html":
            raise RejectedError(
                f"{page.location}: answered with a web page (HTML), not with data",
                hint="open the address in a browser: a login page, or an error page?",
                why="web_page",
            )
        if kind in ("json", "jsonl"):
            return documents(page, kind, self.records), []
        if kind == "xlsx":
            return _sheet(page, self.limits.max_bytes)
        if kind == "parquet":
            return _parquet(page), []
        return _csv(page, self.encoding)


def guess(content: bytes) -> str:
    """What a payload is, by its first bytes.

    >>> [guess(b) for b in (b"a,b\\n1,2", b' {"a":1}', b'{"a":1}\\n{"a":2}\\n', b"<!DOCTYPE html>")]
    ['csv', 'json', 'jsonl', 'html']
    >>> [guess(b) for b in (b"PK\\x03\\x04", b"PAR1")]
    ['xlsx', 'parquet']
    """
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"["):
        return "json"
    if head.startswith(b"{"):
        first, _, rest = content.strip().partition(b"\n")
        return "jsonl" if rest.lstrip().startswith(b"{") and first.rstrip().endswith(b"}") else "json"
    return "html" if re.match(rb"<(!doctype|html|head|body|\?xml)", head, re.IGNORECASE) else "csv"


def plain_names(header: Sequence[str]) -> list[str]:
    """Column names a mapping can rely on.

    >>> plain_names(["Date Reported As Of", "expediente-numero", "合同名称", "合同名称", ""])
    ['date_reported_as_of', 'expediente_numero', '合同名称', '合同名称_2', 'column_5']
    """
    names = ["source_row"]
    for position, title in enumerate(header, start=1):
        name = re.sub(r"\W+", "_", title.lower()).strip("_") or f"column_{position}"
        twins = sum(1 for other in names if other == name or re.fullmatch(re.escape(name) + r"_\d+", other))
        names.append(f"{name}_{twins + 1}" if twins else name)
    return names[1:]


def numbered(read: list[tuple[pa.Table, list[Refusal]]]) -> tuple[pa.Table, list[Refusal]]:
    """The rows of all pages with their number; a broken row has used up its own."""
    tables, broken, before = [], [], 0
    for rows, refused in read:
        lost = {refusal.row for refusal in refused}
        total = rows.num_rows + len(lost)
        numbers = [before + n for n in range(1, total + 1) if n not in lost]
        tables.append(rows.append_column("source_row", pa.array(numbers, pa.int64())))
        broken += [replace(refusal, row=before + (refusal.row or 0)) for refusal in refused]
        before += total
    return pa.concat_tables(tables, promote_options="default"), broken


def _csv(page: Fetched, encoding: str) -> tuple[pa.Table, list[Refusal]]:
    text = decode(page.content, encoding, where=page.location)
    delimiter, names, header_lines = _header(page, text)
    bytes_read = text.encode()
    broken: list[pyarrow.csv.InvalidRow] = []

    def refuse(row: pyarrow.csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(bytes_read),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=len(bytes_read), column_names=names, skip_rows=header_lines
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise RejectedError(f"{page.location}: the table cannot be read: {error}", why="no_table") from error
    _refuse_open_quote(page, text, table, broken)
    return table, [_broken(row, row.number - header_lines) for row in broken]


def _broken(row: pyarrow.csv.InvalidRow, number: int) -> Refusal:
    reason = f"has {row.actual_columns} cells instead of {row.expected_columns}"
    return Refusal(noun="row", row=number, field="", value=row.text[:200], reason=reason)


def _header(page: Fetched, text: str) -> tuple[str, list[str], int]:
    """Delimiter, column names, and the number of lines that the header takes."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    if delimiter not in first:
        raise RejectedError(f"{page.location}: this is not a table: its first line is {first[:80]!r}", why="no_table")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        return delimiter, plain_names(next(reader)), reader.line_num
    except csv.Error as error:
        raise RejectedError(f"{page.location}: the header cannot be read: {error}", why="no_table") from error


def _refuse_open_quote(page: Fetched, text: str, table: pa.Table, broken: list[pyarrow.csv.InvalidRow]) -> None:
    """A quotation mark that nobody closes swallows every row after it, and the reader says nothing."""
    last = table.slice(max(0, table.num_rows - 1)).to_pylist()
    ends = [cell for row in last for cell in row.values() if cell]
    ends += [row.text for row in broken[-1:] if row.text.count('"') % 2]
    swallowed = (end.rstrip("\n").rsplit("\n", 1)[-1] for end in ends if "\n" in end)
    if text.count('"') % 2 and text.rstrip("\n").endswith(tuple(swallowed)):
        raise RejectedError(
            f"{page.location}: a quotation mark is never closed",
            hint="a truncated download? The last good state stays as it was",
            why="damaged",
        )


def parse(page: Fetched) -> Any:
    try:
        return json.loads(page.content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RejectedError(
            f"{page.location}: the JSON cannot be read: {error}",
            hint="a truncated download? The last good state stays as it was",
            why="damaged",
        ) from error


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def dig(document: Any, path: str) -> Any:
    for key in path.split(".") if path else ():
        document = document.get(key) if isinstance(document, dict) else None
    return document


def documents(page: Fetched, kind: str, records: str) -> pa.Table:
    if kind == "jsonl":
        documents = [_line(page, n, line) for n, line in enumerate(page.content.splitlines(), start=1) if line.strip()]
    else:
        found = dig(parse(page), records)
        documents = found if isinstance(found, list) else [found]
    if not all(isinstance(document, dict) for document in documents):
        where = f"under {records!r}" if records else "at the top"
        raise RejectedError(
            f"{page.location}: expected a list of records {where}", hint="look at `records` of the source"
        )
    # Half of a surrogate pair is legal in JSON and in no database: it becomes a question mark.
    texts = [json.dumps(document, ensure_ascii=False).encode("utf-8", "replace").decode() for document in documents]
    return pa.table({"doc": pa.array(texts, pa.string())})


def _line(page: Fetched, number: int, line: bytes) -> Any:
    try:
        return json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RejectedError(f"{page.location}: line {number} is not JSON: {error}", why="damaged") from error


def _sheet(page: Fetched, max_bytes: int) -> tuple[pa.Table, list[Refusal]]:
    """The first sheet that has anything on it: its first row gives the columns; a cell without a value refuses its row."""
    grids = open_book(page.content, page.location, max_bytes=max_bytes)
    if not grids:
        raise RejectedError(f"{page.location}: the workbook has no sheet with anything on it", why="empty")
    grid = grids[0]
    top = next(number for number, row in enumerate(grid.rows) if any(_cell(cell) for cell in row))
    left = min(place for row in grid.rows for place, cell in enumerate(row) if _cell(cell))
    names = plain_names([str(cell) for cell in grid.rows[top][left:]])
    body = [row[left:] for row in grid.rows[top + 1 :]]
    refused = [
        Refusal(noun="row", row=row - top, field=grid.cell(row, column), value=None, reason=reason)
        for (row, column), reason in sorted(grid.told.faults.items()) if top < row <= top + len(body)
    ]  # fmt: skip
    lost = {refusal.row for refusal in refused}
    while body and len(body) not in lost and not any(_cell(cell) for cell in body[-1]):  # formatted down to the end
        body.pop()
    good = [row for number, row in enumerate(body, start=1) if number not in lost]
    columns = [pa.array([_cell(row[n]) for row in good], pa.string()) for n in range(len(names))]
    return pa.table(columns, names=names), refused


def _cell(value: object) -> str | None:
    """Excel keeps whole numbers as floats: contract 2026001 must not become 2026001.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None or value == "" else str(value)


def _parquet(page: Fetched) -> pa.Table:
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(page.content))
        return pa.table([column.cast(pa.string()) for column in table.columns], names=plain_names(table.column_names))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RejectedError(f"{page.location}: the Parquet file cannot be read: {error}", why="damaged") from error
