"""What left the house: the shop's large tables, for what planners make of them."""

from __future__ import annotations

from django.db import models


class Depot(models.Model):
    name = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.name


class Shipment(models.Model):
    """A hundred thousand in the cases about plans. Some columns lack their index on purpose."""

    depot = models.ForeignKey(Depot, models.CASCADE, related_name="shipments", db_index=False)
    tracking_code = models.CharField(max_length=20)
    recipient = models.CharField(max_length=40, db_index=True)
    carrier = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    sent_at = models.DateTimeField(db_index=True)
    delivered_at = models.DateTimeField(null=True)
    weight = models.PositiveIntegerField()
    zone = models.PositiveIntegerField()
    region = models.PositiveIntegerField()
    lane = models.PositiveIntegerField()
    note = models.CharField(max_length=80)
    details = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.tracking_code


class Scan(models.Model):
    """A shipment was seen somewhere."""

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="scans", db_index=False)
    depot = models.ForeignKey(Depot, models.CASCADE, related_name="scans")
    scanned_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["shipment", "scanned_at"], name="scan_of_shipment")]

    def __str__(self) -> str:
        return f"Scan {self.pk}"


class Trip(models.Model):
    """A van went out. The index begins with the foreign key, which has one of its own."""

    depot = models.ForeignKey(Depot, models.CASCADE, related_name="trips")
    started_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["depot", "started_at"], name="trip_of_depot")]

    def __str__(self) -> str:
        return f"Trip {self.pk}"
