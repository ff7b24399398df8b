"""The calls that a set of relation accesses asks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryaudit.advice.narrowing import Narrowing
from queryaudit.advice.relation_tree import variable
from queryaudit.advice.relations import RelationPlan, RelationUse, plan_relations
from queryaudit.records.definitions import Access, Step
from queryaudit.records.findings import Applicability
from queryaudit.records.kinds import AccessKind

AUTHOR = Step("author", AccessKind.FORWARD, False)
JOINED_AUTHOR = Step("author", AccessKind.FORWARD, True)
PUBLISHER = Step("publisher", AccessKind.FORWARD, False)
REVIEWS = Step("reviews", AccessKind.COLLECTION, False)
FETCHED_REVIEWS = Step("reviews", AccessKind.COLLECTION, True)
TAGS = Step("tags", AccessKind.MANY, False)
SUBJECT = Step("subject", AccessKind.GENERIC, False)
BODY = Step("body", AccessKind.DEFERRED, False)


def use(
    *path: Step,
    method: str | None = None,
    narrowed: bool = False,
    prefetched: bool = False,
    owner: str | None = "shop.Book",
    target: str | None = None,
    narrowing: Narrowing | None = None,
) -> RelationUse:
    return RelationUse(
        path=path,
        method=method,
        narrowed=narrowed,
        prefetched=prefetched,
        owner=owner,
        target=target,
        narrowing=narrowing,
    )


SUM = Narrowing((), None, ("Sum", "rating"))
SUM_OF_OPEN = Narrowing((".filter(open=True)",), (("open", "True"),), ("Sum", "rating"))
REVIEWS_READ = use(REVIEWS, target="shop.Review")
REVIEW_AUTHOR = use(REVIEWS, AUTHOR, owner="shop.Review", target="shop.User")


def plan(*uses: RelationUse) -> RelationPlan:
    return plan_relations(uses, "shop.Book")


@pytest.mark.parametrize(
    ("uses", "code"),
    [
        ([use(AUTHOR)], '.select_related("author")'),
        ([use(AUTHOR), use(AUTHOR)], '.select_related("author")'),
        ([use(AUTHOR), use(AUTHOR, PUBLISHER)], '.select_related("author__publisher")'),
        ([use(JOINED_AUTHOR, PUBLISHER)], '.select_related("author__publisher")'),
        ([use(PUBLISHER), use(AUTHOR)], '.select_related("author", "publisher")'),
        ([use(Step("profile", AccessKind.REVERSE_ONE, False))], '.select_related("profile")'),
        ([use(Step("author_set", AccessKind.FORWARD, False))], '.select_related("author_set")'),
        ([REVIEWS_READ], '.prefetch_related("reviews")'),
        ([REVIEWS_READ, use(REVIEWS, TAGS)], '.prefetch_related("reviews__tags")'),
        ([use(TAGS), REVIEWS_READ], '.prefetch_related("reviews", "tags")'),
        (
            [use(AUTHOR), use(AUTHOR, REVIEWS)],
            '.select_related("author").prefetch_related("author__reviews")',
        ),
        ([use(JOINED_AUTHOR, REVIEWS)], '.prefetch_related("author__reviews")'),
        (
            [REVIEWS_READ, REVIEW_AUTHOR],
            '.prefetch_related(Prefetch("reviews", '
            'queryset=Review.objects.select_related("author")))',
        ),
        (
            [use(FETCHED_REVIEWS, AUTHOR, owner="shop.Review")],
            '.prefetch_related(Prefetch("reviews", '
            'queryset=Review.objects.select_related("author")))',
        ),
        (
            [use(REVIEWS, AUTHOR, PUBLISHER, owner="shop.User")],
            '.prefetch_related("reviews__author__publisher")',
        ),
        (
            [use(REVIEWS, TAGS, AUTHOR, owner="shop.Tag")],
            '.prefetch_related(Prefetch("reviews__tags", '
            'queryset=Tag.objects.select_related("author")))',
        ),
        ([use(SUBJECT)], '.prefetch_related("subject")'),
        ([use(SUBJECT), use(SUBJECT, AUTHOR)], '.prefetch_related("subject__author")'),
        ([use(AUTHOR, SUBJECT)], '.select_related("author").prefetch_related("author__subject")'),
        (
            [use(Step("notes", AccessKind.GENERIC_COLLECTION, False))],
            '.prefetch_related("notes")',
        ),
        ([use(REVIEWS, method="count")], '.annotate(reviews_count=Count("reviews"))'),
        (
            [use(REVIEWS, method="count"), use(TAGS, method="count")],
            '.annotate(reviews_count=Count("reviews", distinct=True), '
            'tags_count=Count("tags", distinct=True))',
        ),
        ([REVIEWS_READ, use(REVIEWS, method="count")], '.prefetch_related("reviews")'),
        ([REVIEWS_READ, use(REVIEWS, method="exists")], '.prefetch_related("reviews")'),
        (
            [use(Step("review_set", AccessKind.COLLECTION, False), method="count")],
            '.annotate(review_count=Count("review"))',
        ),
        (
            [use(Step("review_set", AccessKind.COLLECTION, False))],
            '.prefetch_related("review_set")',
        ),
        (
            [use(JOINED_AUTHOR, REVIEWS, method="count", owner="shop.User")],
            '.annotate(author_reviews_count=Count("author__reviews"))',
        ),
        (
            [use(REVIEWS, method="exists", target="shop.Review")],
            '.annotate(has_reviews=Exists(Book.objects.filter(pk=OuterRef("pk"), '
            "reviews__isnull=False)))",
        ),
        (
            [use(JOINED_AUTHOR, REVIEWS, method="exists", owner="shop.User", target="shop.Review")],
            '.annotate(author_has_reviews=Exists(User.objects.filter(pk=OuterRef("author"), '
            "reviews__isnull=False)))",
        ),
        (
            [
                use(
                    TAGS,
                    method="exists",
                    narrowed=True,
                    narrowing=Narrowing((".filter(name=NAME)",), (("name", "NAME"),)),
                )
            ],
            '.annotate(has_filtered_tags=Exists(Book.objects.filter(pk=OuterRef("pk"), '
            "tags__name=NAME)))",
        ),
        ([use(REVIEWS, method="exists", owner=None)], '.annotate(reviews_count=Count("reviews"))'),
        ([use(REVIEWS, method="first")], '.prefetch_related("reviews")'),
        (
            [use(REVIEWS, narrowed=True, method="get", target="shop.Review")],
            '.prefetch_related("reviews")',
        ),
        ([use(REVIEWS, method="latest"), REVIEWS_READ], '.prefetch_related("reviews")'),
        (
            [use(REVIEWS, narrowed=True, target="shop.Review")],
            '.prefetch_related(Prefetch("reviews", queryset=Review.objects.filter(...), '
            'to_attr="filtered_reviews"))',
        ),
        (
            [use(REVIEWS, narrowed=True, target="shop.Review"), REVIEW_AUTHOR],
            '.prefetch_related(Prefetch("reviews", queryset=Review.objects'
            '.select_related("author").filter(...), to_attr="filtered_reviews"))',
        ),
        (
            [use(REVIEWS, narrowed=True, target="shop.Review"), REVIEWS_READ],
            '.prefetch_related("reviews", Prefetch("reviews", '
            'queryset=Review.objects.filter(...), to_attr="filtered_reviews"))',
        ),
        (
            [use(REVIEWS, narrowed=True)],
            '.prefetch_related(Prefetch("reviews", queryset=..., to_attr="filtered_reviews"))',
        ),
        (
            [use(REVIEWS, narrowed=True, method="count")],
            '.annotate(filtered_reviews_count=Count("reviews", filter=Q(...)))',
        ),
        (
            [use(REVIEWS, narrowed=True, method="exists", target="shop.Review")],
            '.annotate(has_filtered_reviews=Exists(Book.objects.filter(..., pk=OuterRef("pk"))))',
        ),
        (
            [use(REVIEWS, method="count"), use(REVIEWS, method="count", narrowed=True)],
            '.annotate(reviews_count=Count("reviews", distinct=True), '
            'filtered_reviews_count=Count("reviews", filter=Q(...), distinct=True))',
        ),
        ([use(REVIEWS, method="aggregate")], ".annotate(reviews_total=...)"),
        (
            [use(REVIEWS, method="aggregate", narrowing=SUM)],
            '.annotate(reviews_total=Sum("reviews__rating"))',
        ),
        (
            [use(REVIEWS, method="aggregate", narrowed=True, narrowing=SUM_OF_OPEN)],
            ".annotate(filtered_reviews_total="
            'Sum("reviews__rating", filter=Q(reviews__open=True)))',
        ),
        (
            # Two joins would count the rows of one for each of the other.
            [use(REVIEWS, method="aggregate", narrowing=SUM), use(TAGS, method="count")],
            '.annotate(tags_count=Count("tags"), reviews_total=...)',
        ),
        (
            [use(REVIEWS, narrowed=True, method="getitem", narrowing=Narrowing((), None))],
            '.prefetch_related("reviews")',
        ),
        (
            [REVIEWS_READ, use(REVIEWS, TAGS, method="count", owner="shop.Review")],
            '.prefetch_related(Prefetch("reviews", '
            'queryset=Review.objects.annotate(tags_count=Count("tags"))))',
        ),
        ([use(BODY)], '.only(..., "body")'),
        ([use(JOINED_AUTHOR, BODY)], '.only(..., "author__body")'),
        (
            [use(AUTHOR), REVIEWS_READ, use(TAGS, method="count"), use(BODY)],
            '.select_related("author").prefetch_related("reviews")'
            '.annotate(tags_count=Count("tags")).only(..., "body")',
        ),
        ([], ""),
        ([use()], ""),
    ],
)
def test_uses_become_the_fewest_calls(uses: list[RelationUse], code: str) -> None:
    assert plan(*uses).code == code


def test_one_call_is_one_string() -> None:
    assert plan(use(AUTHOR), use(TAGS)).calls == (
        '.select_related("author")',
        '.prefetch_related("tags")',
    )


def test_without_objects_plain_access_needs_nothing_imported() -> None:
    made = plan_relations([REVIEWS_READ, REVIEW_AUTHOR], "shop.Book", objects=False)
    assert made.code == '.prefetch_related("reviews__author")'
    assert made.applicability is Applicability.SAFE
    assert made.imports == ()


@pytest.mark.parametrize(
    ("uses", "applicability"),
    [
        ([use(AUTHOR)], Applicability.SAFE),
        ([use(AUTHOR), use(TAGS), use(SUBJECT)], Applicability.SAFE),
        ([REVIEWS_READ, use(REVIEWS, method="count")], Applicability.SAFE),
        ([REVIEWS_READ, REVIEW_AUTHOR], Applicability.UNSAFE),
        ([use(REVIEWS, method="count")], Applicability.UNSAFE),
        ([use(REVIEWS, method="first")], Applicability.UNSAFE),
        ([use(SUBJECT, AUTHOR)], Applicability.UNSAFE),
        ([use(BODY)], Applicability.UNSAFE),
        ([use(REVIEWS, narrowed=True)], Applicability.DISPLAY_ONLY),
        ([use(REVIEWS, method="aggregate")], Applicability.DISPLAY_ONLY),
        ([], Applicability.DISPLAY_ONLY),
    ],
)
def test_only_plain_loading_is_safe(uses: list[RelationUse], applicability: Applicability) -> None:
    assert plan(*uses).applicability is applicability


@pytest.mark.parametrize(
    ("uses", "changes"),
    [
        ([use(AUTHOR)], ()),
        (
            [use(REVIEWS, method="count")],
            ("use `book.reviews_count` instead of `book.reviews.count()`",),
        ),
        (
            [use(AUTHOR, REVIEWS, method="count")],
            ("use `book.author_reviews_count` instead of `book.author.reviews.count()`",),
        ),
        (
            [use(REVIEWS, method="exists", target="shop.Review")],
            ("use `book.has_reviews` instead of `book.reviews.exists()`",),
        ),
        (
            [use(REVIEWS, method="first")],
            ("use `next(iter(book.reviews.all()), None)` instead of `book.reviews.first()`",),
        ),
        (
            [use(REVIEWS, narrowed=True, method="first", prefetched=True)],
            (
                "use `next(iter(book.filtered_reviews), None)` instead of "
                "`book.reviews.filter(...).first()`",
            ),
        ),
        ([use(REVIEWS, narrowed=True, method="getitem", narrowing=Narrowing((), None))], ()),
        (
            [use(REVIEWS, narrowed=True, method="getitem", target="shop.Review")],
            ("use `book.filtered_reviews[...]` instead of `book.reviews.filter(...)[...]`",),
        ),
        (
            [REVIEWS_READ, use(REVIEWS, TAGS, method="count", owner="shop.Review")],
            ("use `review.tags_count` instead of `review.tags.count()`",),
        ),
    ],
)
def test_the_loop_is_told_what_changes(uses: list[RelationUse], changes: tuple[str, ...]) -> None:
    assert plan(*uses).loop_changes == changes


def test_imports_and_models_are_those_that_the_calls_name() -> None:
    made = plan(REVIEWS_READ, REVIEW_AUTHOR, use(TAGS, method="count"))
    assert made.imports == ("from django.db.models import Count, Prefetch",)
    assert made.models == ("shop.Review",)


def test_a_relation_prefetched_already_says_which_lookup_it_replaces() -> None:
    made = plan(use(FETCHED_REVIEWS, AUTHOR, owner="shop.Review"))
    assert made.notes == ('Instead of the plain "reviews" lookup.',)


def test_fetching_peers_is_offered_with_its_limits() -> None:
    hint = plan(use(AUTHOR), use(BODY), REVIEWS_READ, REVIEW_AUTHOR).fetch_mode_hint
    assert hint == (
        "On Django 6.1 or later `.fetch_mode(FETCH_PEERS)` loads `author`, `body` for all rows "
        "at once without naming them, but not for rows read with `iterator()`, and not "
        "`reviews`, `reviews__author`."
    )


@pytest.mark.parametrize("uses", [[REVIEWS_READ], [use(TAGS, method="count")], []])
def test_fetching_peers_is_not_offered_where_it_does_nothing(uses: list[RelationUse]) -> None:
    assert plan(*uses).fetch_mode_hint is None


def test_an_access_becomes_a_use() -> None:
    access = Access(1, 2, "shop.Book", (AUTHOR,), None, False, True, "shop.User")
    assert RelationUse.of(access) == use(AUTHOR, prefetched=True, target="shop.User")


@pytest.mark.parametrize(
    ("model", "name"),
    [("shop.Book", "book"), ("shop.BookOrder", "book_order"), ("Tag", "tag"), (None, "row")],
)
def test_a_row_is_called_as_its_model(model: str | None, name: str) -> None:
    assert variable(model) == name


STEPS = st.builds(
    Step,
    st.sampled_from(["author", "book_set", "tags", "body"]),
    st.sampled_from(AccessKind),
    st.booleans(),
)
MODELS = st.sampled_from([None, "shop.Book", "shop.Review"])
USES = st.builds(
    RelationUse,
    path=st.lists(STEPS, max_size=3).map(tuple),
    method=st.sampled_from([None, "count", "exists", "first", "last", "aggregate", "get"]),
    narrowed=st.booleans(),
    prefetched=st.booleans(),
    owner=MODELS,
    target=MODELS,
)


def test_a_row_that_each_round_may_ask_for_by_another_value_is_picked_from_all() -> None:
    made = plan(use(REVIEWS, narrowed=True, method="get", target="shop.Review"))
    assert made.loop_changes == (
        "use `next(review for review in book.reviews.all() if ...)` instead of "
        "`book.reviews.get(...)`",
    )


@given(st.lists(USES, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_plan_is_python(uses: list[RelationUse]) -> None:
    made = plan(*uses)
    compile("\n".join([*made.imports, f"x{made.code}"]), "plan", "exec")


@st.composite
def consistent_uses(draw: st.DrawFn) -> list[RelationUse]:
    """Uses in which a path has one kind and one model, as in a real schema."""
    kinds = {
        "author": (AccessKind.FORWARD, "shop.User"),
        "reviews": (AccessKind.COLLECTION, "shop.Review"),
        "tags": (AccessKind.MANY, "shop.Tag"),
    }
    uses = []
    for names in draw(st.lists(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=3))):
        owner = kinds[names[-2]][1] if len(names) > 1 else "shop.Book"
        uses.append(
            RelationUse(
                path=tuple(Step(name, kinds[name][0], draw(st.booleans())) for name in names),
                method=draw(st.sampled_from([None, "count", "exists"])),
                narrowed=draw(st.booleans()),
                owner=owner,
                target=kinds[names[-1]][1],
            )
        )
    return uses


@given(consistent_uses(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_uses_does_not_matter(uses: list[RelationUse], random: object) -> None:
    shuffled = sorted(uses, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert plan(*shuffled) == plan(*uses)
