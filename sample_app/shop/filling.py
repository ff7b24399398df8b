"""Fills the large tables, as fast as the server can make rows up. PostgreSQL only."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

SHIPMENTS = 100_000
DEPOTS = 1_000
SCANS = 30_000
TRIPS = 5_000

_DEPOTS = "INSERT INTO shop_depot (name) SELECT 'Depot ' || i FROM generate_series(1, %s) i"
_SHIPMENTS = """
INSERT INTO shop_shipment (depot_id, tracking_code, recipient, carrier, status, sent_at,
                           delivered_at, weight, zone, region, lane, note, details)
SELECT (SELECT min(id) FROM shop_depot) + i %% %s, 'T' || i * 7 %% 99991 || 'x' || i,
       'Person ' || i %% 20000, (ARRAY['dove', 'hawk', 'kite', 'rook', 'swan'])[i %% 5 + 1],
       CASE WHEN i %% 200 = 0 THEN 'open' ELSE 'done' END,
       timestamptz '2024-01-01' + i * interval '5 minutes',
       CASE WHEN i %% 200 <> 0 THEN timestamptz '2024-01-02' + i * interval '5 minutes' END,
       (i * 7919::bigint %% 100003), i %% 8, i %% 8, i %% 8, 'left at the door, number ' || i,
       CASE WHEN i %% 200 = 0 THEN '{"fragile": true}' ELSE '{}' END::jsonb
FROM generate_series(1, %s) i
"""
_SCANS = """
INSERT INTO shop_scan (shipment_id, depot_id, scanned_at)
SELECT (SELECT min(id) FROM shop_shipment) + i - 1, (SELECT min(id) FROM shop_depot) + i %% 50,
       timestamptz '2024-01-01' + i * interval '7 minutes'
FROM generate_series(1, %s) i
"""
_TRIPS = """
INSERT INTO shop_trip (depot_id, started_at)
SELECT (SELECT min(id) FROM shop_depot) + i %% 50, timestamptz '2024-01-01' + i * interval '1 hour'
FROM generate_series(1, %s) i
"""


def fill_shipping(shipments: int = SHIPMENTS, depots: int = DEPOTS, scans: int = SCANS) -> None:
    """Add to empty tables, and tell the planner what is in them."""
    with connection.cursor() as cursor:
        fill_shipping_by(cursor.execute, shipments, depots, scans)


def fill_shipping_by(
    execute: Callable[[str, tuple[int, ...] | None], object],
    shipments: int = SHIPMENTS,
    depots: int = DEPOTS,
    scans: int = SCANS,
) -> None:
    """The same on a server of the caller's."""
    execute(_DEPOTS, (depots,))
    execute(_SHIPMENTS, (depots, shipments))
    execute(_SCANS, (scans,))
    execute(_TRIPS, (TRIPS,))
    for table in ("shop_depot", "shop_shipment", "shop_scan", "shop_trip"):
        execute(f"ANALYZE {table}", None)
