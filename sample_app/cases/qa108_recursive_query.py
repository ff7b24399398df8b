"""QA108: a function that calls itself asks for the children or the parent of a row each time."""

from __future__ import annotations

from collections import defaultdict

from django.db import connection

from sample_app.shop.models import Book, Category, Customer

PAGE_SIZE = 3

Tree = list[tuple[str, "Tree"]]

DESCENDANTS = """
    WITH RECURSIVE tree (id, name, depth) AS (
        SELECT id, name, 0 FROM shop_category WHERE parent_id IS NULL
        UNION ALL
        SELECT child.id, child.name, tree.depth + 1
        FROM shop_category AS child JOIN tree ON child.parent_id = tree.id
    )
    SELECT name, depth FROM tree ORDER BY depth, name
"""


def bad() -> Tree:
    """One query for each node of the tree, leaves included."""

    def branch(category: Category) -> Tree:
        return [(child.name, branch(child)) for child in category.children.all()]

    return [(root.name, branch(root)) for root in Category.objects.filter(parent=None)]


def good() -> Tree:
    """One query for the whole tree, put together in Python."""
    children: dict[int | None, list[Category]] = defaultdict(list)
    for category in Category.objects.all():
        children[category.parent_id].append(category)

    def branch(parent_id: int | None) -> Tree:
        return [(child.name, branch(child.pk)) for child in children[parent_id]]

    return branch(None)


def bad_by_key() -> list[str]:
    """The same with a filter on the parent's key."""
    return _names_below(None)


def _names_below(parent_id: int | None) -> list[str]:
    names = []
    for category in Category.objects.filter(parent_id=parent_id):
        names += [category.name, *_names_below(category.pk)]
    return names


def bad_upwards() -> list[str]:
    """The path to the root of each category, one step a query."""
    return [_trail(category) for category in Category.objects.all()]


def _trail(category: Category) -> str:
    if category.parent is None:
        return category.name
    return f"{_trail(category.parent)} > {category.name}"


def bad_referrals() -> int:
    """Whom a customer brought, and whom those brought."""

    def count(customer: Customer) -> int:
        return sum(1 + count(referral) for referral in customer.referrals.all())

    return sum(count(customer) for customer in Customer.objects.filter(referred_by=None))


def bad_depth() -> int:
    """A maximum over all branches visits all nodes."""

    def depth(category: Category) -> int:
        return 1 + max((depth(child) for child in category.children.all()), default=0)

    return max(depth(root) for root in Category.objects.filter(parent=None))


def good_recursive_statement() -> list[tuple[str, int]]:
    """The database walks the tree."""
    with connection.cursor() as cursor:
        cursor.execute(DESCENDANTS)
        return cursor.fetchall()


def good_level_by_level() -> list[list[str]]:
    """One query for each level, however many nodes it has."""
    levels = []
    level = list(Category.objects.filter(parent=None))
    while level:
        levels.append([category.name for category in level])
        level = list(Category.objects.filter(parent__in=level))
    return levels


def good_level_by_level_recursively() -> list[str]:
    """The same as a function that calls itself: one query a level, not a node."""

    def names(level: list[Category]) -> list[str]:
        if not level:
            return []
        below = list(Category.objects.filter(parent__in=level))
        return [category.name for category in level] + names(below)

    return names(list(Category.objects.filter(parent=None)))


def good_two_fixed_levels() -> Tree:
    """A menu of two levels, prefetched."""
    roots = Category.objects.filter(parent=None).prefetch_related("children")
    return [(root.name, [(child.name, []) for child in root.children.all()]) for root in roots]


def good_prefetched_recursion() -> list[str]:
    """The function calls itself over levels that were all prefetched."""

    def names(category: Category, levels: int) -> list[str]:
        if levels == 0:
            return [category.name]
        below = [name for child in category.children.all() for name in names(child, levels - 1)]
        return [category.name, *below]

    roots = Category.objects.filter(parent=None).prefetch_related("children__children")
    return [name for root in roots for name in names(root, levels=2)]


def good_joined_parents() -> list[str]:
    """Two steps up by join."""
    categories = Category.objects.select_related("parent__parent")
    return [str(category.parent.parent) for category in categories if category.parent]


def good_parents_from_memory() -> list[str]:
    """All rows once; the recursion runs over a dictionary."""
    categories = Category.objects.in_bulk()

    def trail(category: Category) -> str:
        if category.parent_id is None:
            return category.name
        return f"{trail(categories[category.parent_id])} > {category.name}"

    return [trail(category) for category in categories.values()]


def good_grandparent_of_one() -> str:
    """One row, two steps: a fixed depth."""
    category = Category.objects.filter(parent__parent__isnull=False).first()
    return category.parent.parent.name


def good_children_of_one() -> list[str]:
    """One row, one level."""
    root = Category.objects.filter(parent=None).first()
    return [child.name for child in root.children.all()]


def good_leaf() -> list[str]:
    """A recursion that ends at once."""
    leaf = Category.objects.filter(children=None).first()
    return _names_below(leaf.pk)


def good_recursive_pages() -> list[str]:
    """A recursion over pages: each starts after the last row of the one before."""

    def titles(after: int) -> list[str]:
        page = list(Book.objects.filter(pk__gt=after).order_by("pk")[:PAGE_SIZE])
        if not page:
            return []
        return [book.title for book in page] + titles(page[-1].pk)

    return titles(0)


def good_recursive_retry(attempts: int = 4) -> Category | None:
    """A recursion that repeats the same question."""
    found = Category.objects.filter(name="Not in the shop yet").first()
    if found is not None or attempts == 1:
        return found
    return good_recursive_retry(attempts - 1)


def good_nothing_asked() -> int:
    """A recursion over what is in memory."""
    tree = good()

    def size(branches: Tree) -> int:
        return sum(1 + size(below) for _, below in branches)

    return size(tree)


def good_free_name() -> str:
    """A function that calls itself until a name is free walks no tree."""

    def free(number: int) -> str:
        name = f"category-{number}"
        taken = Category.objects.filter(name=name).exists()
        return free(number + 1) if taken or number < 4 else name

    return free(0)
