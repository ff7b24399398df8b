"""What the shop keeps: its catalogue, its customers, their orders and what they say."""

from sample_app.shop.models.catalogue import (
    Audiobook,
    Author,
    AuthorProfile,
    Book,
    Category,
    Country,
    Publisher,
    Tag,
)
from sample_app.shop.models.community import Attachment, Comment, Review
from sample_app.shop.models.orders import Customer, Order, OrderLine
from sample_app.shop.models.shipping import Depot, Scan, Shipment, Trip

__all__ = [
    "Attachment",
    "Audiobook",
    "Author",
    "AuthorProfile",
    "Book",
    "Category",
    "Comment",
    "Country",
    "Customer",
    "Depot",
    "Order",
    "OrderLine",
    "Publisher",
    "Review",
    "Scan",
    "Shipment",
    "Tag",
    "Trip",
]
