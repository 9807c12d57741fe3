"""Seven copies of one portal, each in its own encoding and format: only what really changed may change."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import date

import pytest

from tests.sources.portals import reading, refused, rows, table, told

ENCODINGS = {
    "2019-11-10": "utf-8",
    "2022-11-17": "utf-8-sig",
    "2023-06-10": "utf-8-sig",
    "2023-11-11": "utf-8-sig",
    "2024-06-20": "mac-roman",
    "2024-11-03": "latin-1",
    "2025-11-16": "latin-1",
}
COPIES = list(ENCODINGS)


def same_day(cell: str) -> str:
    """1/03/2018 and 1/3/2018 are one day."""
    return re.sub(r"(^|/)0(?=\d/)", r"\1", cell)


def obras(copy: str) -> str:
    return f"ba_obras_snapshots/obras_{copy}.csv.gz"


@pytest.mark.parametrize("copy", COPIES)
def test_every_row_is_kept_or_refused_or_says_what_another_row_says(copy: str) -> None:
    given = table(obras(copy), encoding=ENCODINGS[copy])
    found = reading("ba_obras", obras(copy))
    read_columns = (
        *("nombre", "direccion", "etapa", "area_responsable", "monto_contrato", "fecha_inicio"),
        *("fecha_fin_inicial", "porcentaje_avance", "licitacion_oferta_empresa", "nro_contratacion"),
        "cuit_contratista",
    )
    different = {tuple(same_day(row[column].strip()) for column in read_columns) for row in given}

    assert found.broken == ()
    assert len(rows(found, "contract")) + len(refused(found, "contract")) == len(different)
    assert found.nouns["contract"].seen.num_rows == len(different)


@pytest.mark.parametrize("copy", COPIES)
def test_the_letters_are_right_whatever_the_encoding(copy: str) -> None:
    given = Counter(row["area_responsable"].replace("\xad", "") for row in table(obras(copy), encoding=ENCODINGS[copy]))
    units = {unit["name"] for unit in rows(reading("ba_obras", obras(copy)), "unit")}
    whole = {name for name, count in given.items() if count > 1 and "?" not in name}

    assert "Ministerio de Cultura" in whole
    assert any(name.startswith("Ministerio de Educación") for name in whole)
    assert whole <= units


@pytest.mark.parametrize("copy", COPIES)
def test_every_stage_is_understood_or_refused_and_none_is_guessed(copy: str) -> None:
    given = table(obras(copy), encoding=ENCODINGS[copy])
    found = reading("ba_obras", obras(copy))
    kept_out = refused(found, "contract")
    silent = [n for n, row in enumerate(given, start=1) if not row["etapa"].strip() and n not in kept_out]
    states = Counter(contract["status"] for contract in rows(found, "contract"))
    finished = [
        n
        for n, row in enumerate(given, start=1)
        if row["etapa"].strip().lower() in ("finalizada", "finalizado") and n not in kept_out
    ]

    assert states[None] == len(silent)
    assert 0 <= len(finished) - states["completed"] <= 5  # rows that say what another row says
    not_understood = {given[row - 1]["etapa"] for row, fields in kept_out.items() if row and "status" in fields}
    assert not_understood <= {
        "Piloto 1",
        "Piloto 2",
        "Etapa 3 - frente 1",
        "Inicial",
        "Finalizada/desestimada",
    }


def test_a_copy_in_another_format_brings_no_change_at_all() -> None:
    before, after = reading("ba_obras", obras("2024-11-03")), reading("ba_obras", obras("2025-11-16"))
    for noun in ("unit", "party", "contract", "obligation"):
        facts = [{row["id"]: row["content_hash"] for row in rows(copy, noun)} for copy in (before, after)]
        assert facts[0] == facts[1]
        assert refused(before, noun) == refused(after, noun)
    assert len(rows(after, "contract")) == 1638


@pytest.mark.parametrize(
    ("before", "after", "found_again", "active"),
    [
        ("2019-11-10", "2022-11-17", 67, 87),
        ("2022-11-17", "2023-06-10", 66, 85),
        ("2023-06-10", "2023-11-11", 61, 68),
        ("2023-11-11", "2024-06-20", 113, 113),
        ("2024-06-20", "2024-11-03", 83, 87),
        ("2024-11-03", "2025-11-16", 116, 116),
    ],
)
def test_works_in_progress_are_found_again_in_the_next_copy(
    before: str, after: str, found_again: int, active: int
) -> None:
    found, next_found = (reading("ba_obras", obras(copy)) for copy in (before, after))
    running = [contract for contract in rows(found, "contract") if contract["status"] == "active"]
    later = set(next_found.nouns["contract"].seen["id"].to_pylist())
    lines = {contract["source_row"] for contract in running}
    letters = {(row["nombre"], row["direccion"]) for row in table(obras(after), encoding=ENCODINGS[after])}
    again_by_letters = sum(
        n in lines and (row["nombre"], row["direccion"]) in letters
        for n, row in enumerate(table(obras(before), encoding=ENCODINGS[before]), start=1)
    )

    assert (sum(contract["id"] in later for contract in running), len(running)) == (found_again, active)
    assert found_again >= again_by_letters - 1  # when one of two namesakes leaves, #2 becomes the first


def works(column: str, *cells: str) -> str:
    """A copy with one work a cell; the works are called 1, 2, 3 …"""
    columns = ["nombre", "direccion", "etapa", "area_responsable", "monto_contrato", "fecha_inicio"]
    columns += ["fecha_fin_inicial", "porcentaje_avance", "licitacion_oferta_empresa", "cuit_contratista"]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, "nro_contratacion"], delimiter=";", restval="")
    writer.writeheader()
    writer.writerows({"nombre": str(n)} | {column: cell} for n, cell in enumerate(cells, start=1))
    return out.getvalue()


def test_pesos_are_read_in_every_spelling() -> None:
    spellings = {
        "67065700": 67065700_00,
        "$ 67.065.700,00": 67065700_00,
        "$67.065.700,5": 67065700_50,
        "$26.480,34": 26480_34,
        "53,160,000.00": 53160000_00,
        "$638,976,998": 638976998_00,
        "2056759546.88": 2056759546_88,
        "37423236,35": 37423236_35,
        "\xa09510174": 9510174_00,
        ".": None,
        "DONACION": None,
        "": None,
    }
    found = told("ba_obras", works("monto_contrato", *spellings))
    assert [contract["amount_minor"] for contract in rows(found, "contract")] == list(spellings.values())


def test_an_amount_that_can_be_read_in_two_ways_is_refused() -> None:
    unclear = (
        "123.456",
        "123,456",
        "##########",
        "636.62337.84",
        "5.092.765,21 (dic 21)",
        "$9.988,29\n $9.330,51",
    )
    found = told("ba_obras", works("monto_contrato", *unclear))
    assert rows(found, "contract") == []
    assert [(refusal.field, refusal.value) for refusal in found.refusals] == [("amount", cell) for cell in unclear]


def test_days_are_read_in_every_spelling() -> None:
    spellings = {
        "31/5/2016": date(2016, 5, 31),
        "30/06/2017 ": date(2017, 6, 30),
        "2016-05-31": date(2016, 5, 31),
        "06/03/19": date(2019, 3, 6),
        "A/D": None,
        "a definir": None,
        "": None,
    }
    found = told("ba_obras", works("fecha_fin_inicial", *spellings))
    assert [promise["due_on"] for promise in rows(found, "obligation")] == list(spellings.values())


def test_what_is_no_day_is_refused_with_what_stood_there() -> None:
    no_days = ("mar-23", "10/21", "2021", "2024-04-31", "14/07/1905", "1905-07-14")
    found = told("ba_obras", works("fecha_fin_inicial", *no_days))
    assert rows(found, "contract") == rows(found, "obligation") == []
    assert {refusal.reason for refusal in found.refusals} == {"is not a date"}
    assert [str(refusal.value).split(" ")[0] for refusal in found.refusals] == [*no_days, *no_days]


def test_a_number_that_may_be_a_share_or_a_percentage_is_not_known() -> None:
    spellings = {"99,9%": 99, "40.78": 40, "100": 100, "0,93%": 0, "0": 0, "0,55": None, "": None}
    found = told("ba_obras", works("porcentaje_avance", *spellings))
    assert [contract["progress_percent"] for contract in rows(found, "contract")] == list(spellings.values())


def test_a_tender_number_that_a_spreadsheet_took_for_a_month_is_put_right() -> None:
    found = told("ba_obras", works("nro_contratacion", "mar-16", "3/2016", "03/2016", "115/2015", "No aplica"))
    numbers = [contract["number"] for contract in rows(found, "contract")]
    assert numbers == ["3/2016", "3/2016", "3/2016", "115/2015", None]


def test_damage_to_letters_leaves_the_key_as_it_was() -> None:
    spellings = (
        "Construcción Muñoz",
        "Construcci\xf3n Mu\xc3\xb1oz",
        "Construccio?n Mu?oz",
        "CONSTRUCCION MU\xf1OZ",
    )
    found = told("ba_obras", works("nombre", *spellings))
    keys = {str(contract["id"]).split("#")[0] for contract in rows(found, "contract")}
    assert keys == {"portal:cstrccmz/"}


def test_the_first_of_several_companies_is_the_party_by_its_tax_number() -> None:
    lines = works("licitacion_oferta_empresa", "VILLAREX S.A, \n BLUE STEEL S.A.", "https://x.example/a.pdf", "-")
    given = list(csv.DictReader(io.StringIO(lines), delimiter=";"))
    given[0]["cuit_contratista"] = "30-71209799-6\n 30-71062284-8"
    out = io.StringIO()
    writer = csv.DictWriter(out, given[0], delimiter=";")
    writer.writeheader()
    writer.writerows(given)

    found = told("ba_obras", out.getvalue())
    assert [(party["name"], party["uscc"]) for party in rows(found, "party")] == [("VILLAREX S.A", "30712097996")]
    assert [contract["party_id"] for contract in rows(found, "contract")] == [
        "portal:30712097996",
        None,
        None,
    ]


def test_namesakes_are_two_works_and_a_row_said_twice_is_one() -> None:
    header, line = works("fecha_inicio", "1/2/2022").splitlines()
    found = told("ba_obras", "\n".join([header, line, line, line.replace("2022", "2021")]))
    contracts = {contract["id"]: contract["start_on"].year for contract in rows(found, "contract")}
    assert contracts == {"portal:1/": 2021, "portal:1/#2": 2022}
