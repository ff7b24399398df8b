"""Rows made by the server itself: skewed, correlated, and the same in every run."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from benchmarks.advisor.models import MODELS


class Sizes(NamedTuple):
    """Rows of the tables that grow with the scale: 3.3 million in all at scale 1."""

    customers: int
    products: int
    orders: int
    lines: int
    payments: int
    parcels: int
    events: int

    @classmethod
    def of(cls, scale: float) -> Sizes:
        whole = (150_000, 40_000, 550_000, 1_500_000, 400_000, 300_000, 300_000)
        return cls(*(max(100, round(rows * scale)) for rows in whole))


_FILL = """
INSERT INTO advisor_region SELECT n, 'Region ' || n FROM generate_series(1, 25) n;
INSERT INTO advisor_customer (id, name, email, city, segment, region_id, active, joined_at)
SELECT n, 'Customer ' || n, 'user' || n || '@example' || n % 7 || '.org',
  'City ' || floor(400 * r ^ 3)::int, (ARRAY['person','shop','chain','state'])[1 + floor(4 * r ^ 2)::int],
  1 + floor(25 * r ^ 3)::int, random() > 0.02,
  timestamptz '2015-01-01 00:00+00' + n * interval '3000 days' / {customers}
FROM (SELECT n, random() r FROM generate_series(1, {customers}) n) t;
INSERT INTO advisor_supplier SELECT n, 'Supplier ' || n, 1 + n % 25 FROM generate_series(1, 2000) n;
INSERT INTO advisor_category SELECT n, 'Category ' || n, CASE WHEN n > 20 THEN 1 + n % 20 END
FROM generate_series(1, 200) n;
INSERT INTO advisor_product (id, sku, name, category_id, supplier_id, price, discontinued, tags)
SELECT n, 'SKU' || lpad(n::text, 8, '0'), md5(n::text) || ' thing ' || n,
  1 + floor(200 * random() ^ 2)::int, 1 + floor(2000 * random())::int,
  (100 + 90000 * random() ^ 4)::int, random() < 0.01,
  ARRAY['t' || floor(500 * random() ^ 2)::int, 't' || floor(500 * random())::int]
FROM generate_series(1, {products}) n;
INSERT INTO advisor_stock (id, product_id, warehouse, quantity)
SELECT row_number() OVER (), p, w, (1000 * random() ^ 6)::int
FROM generate_series(1, {products}) p, generate_series(1, 3) w;
INSERT INTO advisor_order (id, reference, customer_id, status, channel, placed_at, shipped_at, total,
  priority, note, meta)
SELECT n, upper(md5('o' || n)), 1 + floor({customers} * r ^ 3)::int,
  CASE WHEN n > {orders} * 0.97 AND s < 0.7 THEN 'open' WHEN s < 0.004 THEN 'error'
       WHEN s < 0.04 THEN 'returned' ELSE 'done' END,
  (ARRAY['web','app','phone','fax'])[1 + floor(4 * s ^ 4)::int],
  timestamptz '2020-01-01 00:00+00' + n * interval '2000 days' / {orders},
  CASE WHEN n <= {orders} * 0.97 OR s >= 0.7 THEN
    timestamptz '2020-01-03 00:00+00' + n * interval '2000 days' / {orders} END,
  (100 + 200000 * random() ^ 5)::int, floor(10 * random() ^ 4)::int,
  CASE WHEN s < 0.01 THEN 'please call ' || md5(n::text) ELSE 'no remark ' || n % 1000 END,
  jsonb_build_object('campaign', 'c' || floor(3000 * r)::int, 'gift', s < 0.001)
FROM (SELECT n, random() r, random() s FROM generate_series(1, {orders}) n) t;
INSERT INTO advisor_line (id, order_id, product_id, quantity, price, discount, returned)
SELECT n, least({orders}, 1 + floor({orders} * (n - 1.0) / {lines}))::int,
  1 + floor({products} * random() ^ 3)::int, 1 + floor(20 * random() ^ 4)::int,
  (100 + 90000 * random() ^ 4)::int, floor(10 * random())::int, random() < 0.005
FROM generate_series(1, {lines}) n;
INSERT INTO advisor_payment (id, order_id, method, amount, paid_at, failed)
SELECT n, 1 + floor({orders} * random())::int, (ARRAY['card','bank','cash'])[1 + n % 3],
  (100 + 200000 * random() ^ 5)::int,
  timestamptz '2020-01-01 00:00+00' + n * interval '2000 days' / {payments}, random() < 0.003
FROM generate_series(1, {payments}) n;
INSERT INTO advisor_parcel (id, order_id, carrier, code, sent_at, delivered_at)
SELECT n, 1 + floor({orders} * random())::int, (ARRAY['dove','post','bike'])[1 + floor(3 * s ^ 2)::int],
  md5('p' || n), timestamptz '2020-01-01 00:00+00' + n * interval '2000 days' / {parcels},
  CASE WHEN s > 0.01 THEN timestamptz '2020-01-05 00:00+00' + n * interval '2000 days' / {parcels} END
FROM (SELECT n, random() s FROM generate_series(1, {parcels}) n) t;
INSERT INTO advisor_event (id, kind, actor, at, detail)
SELECT n, (ARRAY['seen','put','bought','left'])[1 + floor(4 * random() ^ 2)::int],
  1 + floor({customers} * random() ^ 2)::int,
  timestamptz '2024-01-01 00:00+00' + n * interval '100 days' / {events}, repeat(md5(n::text), 2)
FROM generate_series(1, {events}) n;
"""  # noqa: E501 - reads better in one line an expression


def fill(sizes: Sizes) -> int:
    """Create the tables and fill them; returns how many rows there are."""
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        for statement in _FILL.format(**sizes._asdict()).split(";\n"):
            if statement.strip():
                cursor.execute(statement.strip().rstrip(";"))
        for model in MODELS:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'),"
                f" (SELECT max(id) FROM {model._meta.db_table}))"
            )
        cursor.execute("VACUUM ANALYZE")
    return sum(model._base_manager.count() for model in MODELS)
