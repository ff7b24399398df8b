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
    "Order",
    "OrderLine",
    "Publisher",
    "Review",
    "Tag",
]
