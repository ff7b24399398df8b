"""What the rules about the indexes of the whole run find in their cases."""

from __future__ import annotations

from tests.rules.expectation import Expected

INDEXES = {
    "QA408.bad": Expected(
        "_read", "found += len(model._default_manager.filter(pk=1).values_list(column))", ("",)
    ),
    "QA409.bad": Expected("bad", 'return Shipment.objects.filter(carrier="dove").count()', ("",)),
    "QA409.bad_dearer": Expected(
        "bad_dearer", 'return Shipment.objects.filter(carrier="hawk", zone__lt=7).count()', ("",)
    ),
}
