"""The shop's pages. Where an address has a ``fast/`` twin, the twin shows the same page."""

from django.urls import path

from sample_app.shop.views import (
    authors,
    books,
    categories,
    comments,
    exports,
    live,
    orders,
    shipments,
)

app_name = "shop"

urlpatterns = [
    path("", books.HomeView.as_view(), name="home"),
    path("books/", books.BookListView.as_view(), name="books"),
    path("books/fast/", books.FastBookListView.as_view(), name="books-fast"),
    path("books/prices/", books.PriceListView.as_view(), name="prices"),
    path("books/prices/fast/", books.FastPriceListView.as_view(), name="prices-fast"),
    path("books/<slug:slug>/", books.BookDetailView.as_view(), name="book"),
    path("books/<slug:slug>/reviews/", books.ReviewsView.as_view(), name="reviews"),
    path("books/<slug:slug>/reviews/fast/", books.FastReviewsView.as_view(), name="reviews-fast"),
    path("books/<slug:slug>/reviews/new/", books.ReviewCreateView.as_view(), name="review-new"),
    path("authors/", authors.AuthorListView.as_view(), name="authors"),
    path("authors/fast/", authors.FastAuthorListView.as_view(), name="authors-fast"),
    path("authors/in-stock/", authors.InStockView.as_view(), name="in-stock"),
    path("authors/in-stock/fast/", authors.FastInStockView.as_view(), name="in-stock-fast"),
    path("categories/", categories.category_tree, name="categories"),
    path("categories/fast/", categories.fast_category_tree, name="categories-fast"),
    path("comments/", comments.CommentListView.as_view(), name="comments"),
    path("comments/fast/", comments.FastCommentListView.as_view(), name="comments-fast"),
    path("orders/", orders.order_list, name="orders"),
    path("orders/fast/", orders.fast_order_list, name="orders-fast"),
    path("orders/export/", exports.order_export, name="order-export"),
    path("orders/export/fast/", exports.fast_order_export, name="order-export-fast"),
    path("shipments/heaviest/", shipments.heaviest, name="heaviest"),
    path("shipments/<str:code>/", shipments.track, name="track"),
    path("live/books/", live.book_feed, name="book-feed"),
    path("live/books/fast/", live.fast_book_feed, name="book-feed-fast"),
    path("live/orders/export/", live.order_export, name="live-order-export"),
    path("live/orders/export/fast/", live.fast_order_export, name="live-order-export-fast"),
]
