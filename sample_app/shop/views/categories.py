"""The tree of categories."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sample_app.shop.models import Category

Tree = list[tuple[Category, "Tree"]]


def category_tree(request: HttpRequest) -> HttpResponse:
    roots = Category.objects.filter(parent=None)
    tree = [(root, descendants(root)) for root in roots]
    return render(request, "shop/category_tree.html", {"tree": tree})


def descendants(category: Category) -> Tree:
    return [(child, descendants(child)) for child in category.children.all()]


def fast_category_tree(request: HttpRequest) -> HttpResponse:
    children: dict[int | None, list[Category]] = defaultdict(list)
    for category in Category.objects.all():
        children[category.parent_id].append(category)

    def branch(parent_id: int | None) -> Tree:
        return [(child, branch(child.pk)) for child in children[parent_id]]

    return render(request, "shop/category_tree.html", {"tree": branch(None)})
