"""The large tables of what left the house."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Depot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="Shipment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tracking_code", models.CharField(max_length=20)),
                ("recipient", models.CharField(db_index=True, max_length=40)),
                ("carrier", models.CharField(max_length=10)),
                ("status", models.CharField(max_length=10)),
                ("sent_at", models.DateTimeField(db_index=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("weight", models.PositiveIntegerField()),
                ("zone", models.PositiveIntegerField()),
                ("region", models.PositiveIntegerField()),
                ("lane", models.PositiveIntegerField()),
                ("note", models.CharField(max_length=80)),
                ("details", models.JSONField(default=dict)),
                (
                    "depot",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shipments",
                        to="shop.depot",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Trip",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField()),
                (
                    "depot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trips",
                        to="shop.depot",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["depot", "started_at"], name="trip_of_depot")],
            },
        ),
        migrations.CreateModel(
            name="Scan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scanned_at", models.DateTimeField()),
                (
                    "depot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scans",
                        to="shop.depot",
                    ),
                ),
                (
                    "shipment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scans",
                        to="shop.shipment",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["shipment", "scanned_at"], name="scan_of_shipment")
                ],
            },
        ),
    ]
