"""A database that stands for production: 300,000 orders, skewed, correlated."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE customer (
    id bigserial PRIMARY KEY, email varchar(60) NOT NULL UNIQUE, country varchar(2) NOT NULL,
    joined timestamptz NOT NULL
) WITH (autovacuum_enabled = off);
CREATE TABLE "Order" (
    id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer (id),
    status varchar(10) NOT NULL, placed_at timestamptz NOT NULL, shipped_at timestamptz,
    total numeric(10, 2) NOT NULL, code varchar(20) NOT NULL, note text NOT NULL,
    meta jsonb NOT NULL
) WITH (autovacuum_enabled = off);
CREATE TABLE line (
    id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES "Order" (id),
    product integer NOT NULL, quantity integer NOT NULL
) WITH (autovacuum_enabled = off);
CREATE TABLE forgotten (id bigserial PRIMARY KEY, name text) WITH (autovacuum_enabled = off);
CREATE TABLE place (
    gone integer, id bigserial PRIMARY KEY, city text NOT NULL, country text NOT NULL, size integer
) WITH (autovacuum_enabled = off);
INSERT INTO place (city, country, size)
SELECT 'City ' || i % 500, 'Country ' || i % 500 / 10, i % 500 / 10 % 3
FROM generate_series(1, 20000) i;
ALTER TABLE place DROP COLUMN gone;
CREATE STATISTICS place_city (ndistinct, dependencies) ON city, country FROM place;
CREATE STATISTICS place_size (mcv) ON country, size FROM place;
INSERT INTO customer (email, country, joined)
SELECT 'person' || i || '@example.org', (ARRAY['no', 'de', 'de', 'de', 'fr'])[i % 5 + 1],
       timestamptz '2020-01-01' + i * interval '1 hour' FROM generate_series(1, 20000) i;
INSERT INTO "Order" (customer_id, status, placed_at, shipped_at, total, code, note, meta)
SELECT 1 + (power((i * 7919::bigint % 100003) / 100003.0, 3) * 19999)::int,
       CASE WHEN i % 1000 = 0 THEN 'error' WHEN i % 20 = 0 THEN 'new' ELSE 'done' END,
       timestamptz '2023-01-01' + i * interval '3 minutes',
       CASE WHEN i % 20 <> 0 THEN timestamptz '2023-01-03' + i * interval '3 minutes' END,
       (i * 31 % 100000) / 100.0, 'C' || i * 7 % 300007, md5(i::text) || ' ' || md5((i * 7)::text),
       jsonb_build_object('campaign', i % 200, 'gift', i % 500 = 0)
FROM generate_series(1, 300000) i;
INSERT INTO line (order_id, product, quantity)
SELECT i / 2 + 1, i * 7919::bigint % 5000, i % 9 FROM generate_series(1, 200000) i;
INSERT INTO forgotten (name) SELECT 'x' || i FROM generate_series(1, 5000) i;
CREATE INDEX order_customer ON "Order" (customer_id);
CREATE INDEX order_placed ON "Order" (placed_at);
CREATE INDEX order_code_upper ON "Order" (upper(code));
CREATE INDEX order_open ON "Order" (placed_at) WHERE shipped_at IS NULL;
CREATE INDEX order_meta ON "Order" USING gin (meta jsonb_path_ops);
CREATE INDEX line_order ON line (order_id) INCLUDE (quantity);
"""

QUERIES = [
    'SELECT * FROM "Order" WHERE id = 5',
    'SELECT * FROM "Order" WHERE customer_id = 1',
    'SELECT * FROM "Order" WHERE customer_id = 15000',
    """SELECT * FROM "Order" WHERE code = 'C55'""",
    """SELECT * FROM "Order" WHERE upper(code) = 'C55'""",
    """SELECT * FROM "Order" WHERE status = 'error' ORDER BY placed_at DESC LIMIT 10""",
    """SELECT * FROM "Order" WHERE status = 'new'""",
    """SELECT count(*) FROM "Order" WHERE placed_at >= '2023-07-01' AND placed_at < '2023-07-03'""",
    """SELECT * FROM "Order" WHERE placed_at >= '2023-07-01'""",
    'SELECT * FROM "Order" WHERE shipped_at IS NULL ORDER BY placed_at LIMIT 20',
    'SELECT count(*) FROM "Order"',
    'SELECT status, count(*), sum(total) FROM "Order" GROUP BY status',
    """SELECT * FROM "Order" WHERE meta @> '{"campaign": 5}'""",
    'SELECT * FROM "Order" ORDER BY id DESC LIMIT 20',
    """SELECT * FROM "Order" WHERE note LIKE 'abc%'""",
    "SELECT * FROM line WHERE order_id IN (1, 2, 3, 4)",
    "SELECT order_id, sum(quantity) FROM line WHERE order_id < 5000 GROUP BY order_id",
    'SELECT * FROM line JOIN "Order" o ON o.id = line.order_id WHERE o.customer_id = 77',
    """SELECT o.id, c.email FROM "Order" o JOIN customer c ON c.id = o.customer_id
       WHERE c.country = 'no' AND o.status = 'error'""",
    """SELECT c.id, count(*) FROM customer c LEFT JOIN "Order" o ON o.customer_id = c.id
       GROUP BY c.id ORDER BY count(*) DESC LIMIT 10""",
    """SELECT * FROM "Order" o WHERE EXISTS
       (SELECT 1 FROM line WHERE order_id = o.id AND quantity = 8)""",
    'SELECT * FROM customer c WHERE NOT EXISTS (SELECT 1 FROM "Order" WHERE customer_id = c.id)',
    """SELECT DISTINCT ON (customer_id) * FROM "Order" ORDER BY customer_id, placed_at DESC""",
    """SELECT * FROM "Order" WHERE customer_id = 3 OR code = 'C9'""",
    'SELECT * FROM "Order" WHERE total > 990',
    """UPDATE "Order" SET note = '' WHERE code = 'C7'""",
]
