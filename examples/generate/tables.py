"""Make the example tables (CSV, XLSX): customers, orders and payments that share ids, and a budget."""

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

from examples.generate.zips import normalise

NAMES = (
    "Fjordmedia AS|NO|scale", "Lusitania Press|PT|team", "Radio Kiosk|DE|team", "Galerie Nord|DE|starter", "Museo Aperto|IT|starter",
    "Boulangerie Petit|FR|starter", "Bäckerei Blum|DE|team", "Hafen TV|DE|scale", "Sakura Prints|JP|starter", "Lagos Live|NG|team",
    "Prairie Seeds|US|starter", "Café Zentral|AT|starter", "Northern Maps|NO|team", "Puppet Theatre Ghent|BE|starter",
    "Open Sky School|US|team", "Alpenfunk|CH|team", "Green Bikes|NL|starter", "Estúdio Mar|PT|starter", "Tundra Games|FI|scale",
    "Kyoto Crafts|JP|starter",
)  # fmt: skip
EU = frozenset({"PT", "DE", "IT", "FR", "AT", "BE", "NL", "FI"})
HEAD = ("customer_id", "name", "country", "plan", "since")


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def customers() -> list[tuple[str, str, str, str, str]]:
    """All customers, oldest first."""
    rows = []
    for index, line in enumerate(NAMES):
        name, country, plan = line.split("|")
        since = date(2022, 3, 1) + timedelta(days=83 * index)
        rows.append((f"C-{1001 + index}", name, country, plan, since.isoformat()))
    return rows


def make_tables(library: Path) -> None:
    """Write every CSV file. `customers-eu.csv` is contained in `customers.csv`, `orders-2026-q3.csv` in `orders-2026.csv`."""
    dice = random.Random(20261123)  # noqa: S311 - sample data
    data = library / "finance" / "data"
    rows = customers()
    _write(data / "customers.csv", HEAD, rows)
    _write(data / "customers-eu.csv", HEAD, [row for row in rows if row[2] in EU])
    _write(data / "newsletter-recipients.csv", ("name", "customer_id", "consent"), [(r[1], r[0], "yes") for r in rows[::3]])
    orders = []
    for number in range(160):
        day = date(2026, 1, 2) + timedelta(days=number * 2)
        customer = dice.choice(rows)
        price = {"starter": 49, "team": 290, "scale": 1900}[customer[3]]
        orders.append((f"O-{5000 + number}", day.isoformat(), customer[0], customer[3], price, round(dice.uniform(0, 40), 1)))
    head = ("order_id", "date", "customer_id", "plan", "amount_eur", "overage_tb")
    _write(data / "orders-2026.csv", head, orders)
    _write(data / "orders-2026-q3.csv", head, [o for o in orders if "2026-07" <= o[1][:7] <= "2026-09"])
    paid = [(f"P-{900 + i}", o[0], o[2], o[4], "transfer" if i % 3 else "card") for i, o in enumerate(orders) if i % 11]
    _write(data / "payments.csv", ("payment_id", "order_id", "customer_id", "amount_eur", "method"), paid)
    bench = [(p, s, round(0.871 - 0.004 * i - 0.02 * j, 3), round(11.8 / (1 + 2.1 * i), 2), 1.9 + j)
             for j, s in enumerate((256, 128, 64)) for i, p in enumerate(("admit-all", "coin-0.3", "second-request"))]  # fmt: skip
    _write(
        library / "projects/atlas/bench/results.csv",
        ("policy", "segment_mb", "hit_ratio", "written_tb_per_day", "p99_ms"),
        bench,
    )
    soil = []
    for step in range(72):
        for bed in (1, 2, 3):
            wet = 100 if bed == 3 else round(38 - 0.25 * step + dice.uniform(-1.5, 1.5), 1)
            soil.append(((datetime(2026, 8, 20) + timedelta(hours=step)).isoformat(), bed, wet))
    _write(library / "projects/garden-sensor/readings.csv", ("time", "bed", "moisture_percent"), soil)


def make_budget(path: Path) -> None:
    """Write the budget with two sheets: plan and actual by month, and the planned hires."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Budget 2026"
    sheet.append(["Item", "Owner", "Planned EUR", "Spent EUR until October"])
    for row in (("Salaries", "Jonas Weber", 480000, 391200), ("Servers and drives", "Priya Raman", 60000, 71450), ("Rent and services", "Jonas Weber", 31000, 24800),
                ("Move to the new office", "Jonas Weber", 18000, 3100), ("Travel and conferences", "Mira Lindqvist", 14000, 9870),
                ("Legal advice", "Jonas Weber", 6000, 7300), ("Coffee", "everyone", 1200, 1640)):  # fmt: skip
        sheet.append(row)
    sheet.append(["Sum", "", "=SUM(C2:C8)", "=SUM(D2:D8)"])
    hires = book.create_sheet("Hires")
    hires.append(["Role", "From", "Salary EUR"])
    hires.append(["Support engineer", "2027-01", 58000])
    hires.append(["Working student, measurements", "2027-04", 14000])
    _save(book, path, "Budget 2026", "Jonas Weber", datetime(2026, 11, 3, 9))


def make_customer_book(path: Path) -> None:
    """Write the customers as a spreadsheet with a column of account managers: a wider copy of `customers.csv`."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Customers"
    sheet.append([*HEAD, "manager"])
    for index, row in enumerate(customers()):
        sheet.append([*row, ("Jonas Weber", "Priya Raman")[index % 2]])
    _save(book, path, "Customers and their managers", "Priya Raman", datetime(2026, 9, 8, 9))


def _save(book: Workbook, path: Path, title: str, author: str, when: datetime) -> None:
    book.properties.title, book.properties.creator, book.properties.lastModifiedBy = title, author, author
    book.properties.created = book.properties.modified = when
    book.save(path)
    normalise(path, when)
