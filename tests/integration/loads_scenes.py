"""An application as people write one, for the rules on loads: what stands in its files.

A comment names the rule that has to be found there; whatever has none has to be silent.
"""

from __future__ import annotations

MODELS = """
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=50)
    email = models.EmailField(unique=True)
    city = models.CharField(max_length=50)


class Label(models.Model):
    name = models.CharField(max_length=30, unique=True)

    class Meta:
        ordering = ["name"]


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    labels = models.ManyToManyField(Label, related_name="orders")
    status = models.CharField(max_length=10)
    created = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-created", "-pk"]


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=20)
    quantity = models.IntegerField()
"""

VIEWS = """
from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.generic import ListView
from orders.models import Customer, Label, Order


def everything(request):
    orders = Order.objects.order_by("pk")  # QA201 everything
    return render(request, "orders/list.html", {"orders": orders})


def pages(request):
    page = Paginator(Order.objects.all(), 5).get_page(request.GET.get("page"))
    return render(request, "orders/list.html", {"orders": page})


def pages_by_status(request):
    orders = Order.objects.order_by("status")  # QA207 pages_by_status
    page = Paginator(orders, 5).get_page(2)
    return render(request, "orders/list.html", {"orders": page})


def pages_by_city(request):
    orders = Order.objects.order_by("customer__city")  # QA207 pages_by_city
    page = Paginator(orders, 5).get_page(2)
    return render(request, "orders/list.html", {"orders": page})


def pages_by_customer(request):
    orders = Order.objects.order_by("customer__email", "-pk")
    page = Paginator(orders, 5).get_page(2)
    return render(request, "orders/list.html", {"orders": page})


class SizedOrders(ListView):  # QA207 SizedOrders
    queryset = Order.objects.annotate(size=Count("lines"))
    paginate_by = 5
    template_name = "orders/list.html"
    context_object_name = "orders"


class NewestOrders(ListView):
    model = Order
    paginate_by = 5
    template_name = "orders/list.html"
    context_object_name = "orders"


def shuffled(request):
    page = Paginator(Order.objects.order_by("?"), 5).get_page(2)  # QA207 shuffled
    return render(request, "orders/list.html", {"orders": page})


def lucky(request):
    return JsonResponse({"orders": [order.pk for order in Order.objects.order_by("?")[:3]]})


def suggestions(request):
    found = Customer.objects.filter(name__icontains=request.GET["q"])
    names = [customer.name for customer in found[:5]]  # QA207 suggestions
    return JsonResponse({"names": names})


def buyers_of_many(request):
    found = Customer.objects.filter(orders__lines__quantity__gt=1)  # QA208 buyers_of_many
    return JsonResponse({"names": [customer.name for customer in found]})


def with_label(request):
    label = get_object_or_404(Label, name="urgent")
    orders = Order.objects.filter(labels=label).select_related("customer")[:5]
    return JsonResponse({"names": [order.customer.name for order in orders]})


def any_label(request):
    orders = Order.objects.filter(labels__name__in=["urgent", "gift"])  # QA208 any_label
    return JsonResponse({"orders": [order.pk for order in orders]})


def labels_by_order(request):
    rows = Order.objects.filter(status="open").values("pk", "labels__name")
    return JsonResponse({"labels": [row["labels__name"] for row in rows]})


def buyers(request):
    number = Customer.objects.filter(orders__status="open").distinct().count()
    return JsonResponse({"number": number})


def search(request):
    orders = Order.objects.filter(status=request.GET["status"]).select_related("customer")
    if not orders.exists():  # QA205 search
        return HttpResponse("nothing")
    return JsonResponse({"names": [order.customer.name for order in orders]})


def numbered(request):
    orders = Order.objects.filter(Q(status="open") | Q(status="paid"))
    number = orders.count()  # QA205 numbered
    rows = orders.select_related("customer")
    return JsonResponse({"number": number, "names": [order.customer.name for order in rows]})


async def numbered_async(request):
    orders = Order.objects.filter(status="open")
    number = await orders.acount()  # QA205 numbered_async
    names = [order.customer.name async for order in orders.select_related("customer")]
    return JsonResponse({"number": number, "names": names})


def length_then_rows(request):
    orders = Order.objects.filter(status="paid")
    number = len(orders)  # QA205 length_then_rows
    names = [order.customer.name for order in orders.select_related("customer")]
    return JsonResponse({"number": number, "names": names})


def prefetched_copies(request):
    large = Prefetch("orders", Order.objects.filter(lines__quantity__gt=1))
    found = Customer.objects.prefetch_related(large).order_by("pk")  # QA208 prefetched_copies
    return JsonResponse({"names": [[o.pk for o in c.orders.all()] for c in found[:5]]})


def ordered_by_lines(request):
    orders = Order.objects.filter(status="paid").order_by("lines__sku")  # QA208 ordered_by_lines
    return JsonResponse({"orders": [order.pk for order in orders]})


def with_sku(request):
    orders = Order.objects.filter(lines__sku="a", status="open")
    return JsonResponse({"orders": [order.pk for order in orders]})


def without_large_lines(request):
    orders = Order.objects.filter(status="open").exclude(lines__quantity__gt=3)
    return JsonResponse({"orders": [order.pk for order in orders]})


def biggest_cities(request):
    found = Customer.objects.order_by("city")[:3]
    return JsonResponse({"cities": [customer.city for customer in found]})


def after_the_last(request):
    orders = Order.objects.filter(pk__gt=request.GET["pk"]).order_by("pk")[:5]
    return JsonResponse({"orders": [order.pk for order in orders]})


def chosen(request):
    form = ChoiceForm()
    return HttpResponse(form.as_p())


class ChoiceForm(forms.Form):
    customer = forms.ModelChoiceField(Customer.objects.all())


def newest_of_all(request):
    orders = Order.objects.filter(status="open").select_related("customer")
    names = [order.customer.name for order in orders[:3]]
    return JsonResponse({"number": orders.count(), "names": names})


def how_many(request):
    return JsonResponse({"number": len(Order.objects.filter(status="open"))})  # QA204 how_many


def length_and_rows(request):
    orders = list(Order.objects.filter(status="open").values_list("pk", flat=True))
    return JsonResponse({"number": len(orders), "orders": orders})


def deep(request):
    orders = Order.objects.order_by("pk")[20_000:20_010]  # QA206 deep
    return JsonResponse({"orders": [order.pk for order in orders]})


def joined_for_nothing(request):
    orders = Order.objects.select_related("customer")[:9]  # QA203 joined_for_nothing
    return JsonResponse({"status": [order.status for order in orders]})


def joined_for_some(request):
    names = []
    for order in Order.objects.filter(status="open").select_related("customer"):
        if order.pk % 7 == 0:
            names.append(order.customer.name)
    return JsonResponse({"names": names})


def detail(request):
    order = get_object_or_404(Order, pk=request.GET["pk"])
    return render(request, "orders/detail.html", {"order": order})


def detail_once(request):
    order = get_object_or_404(Order, pk=request.GET["pk"])
    return render(request, "orders/detail_once.html", {"order": order})


def notice(request):
    return render(request, "orders/notice.html", {"orders": Order.objects.filter(status="open")})


def listed_if_any(request):
    orders = Order.objects.filter(status="open")
    return render(request, "orders/listed.html", {"orders": orders})


def for_keys(request):
    found = Order.objects.filter(pk__in=list(range(1_200)))  # QA209 for_keys
    return JsonResponse({"orders": [order.pk for order in found]})


def for_few_keys(request):
    found = Order.objects.in_bulk([1, 2, 3])
    return JsonResponse({"orders": [order.status for order in found.values()]})
"""

API = """
from typing import List

from django.db.models import Exists, OuterRef
from ninja import NinjaAPI, Schema
from ninja.pagination import LimitOffsetPagination, paginate
from orders.models import Customer, Label, Line, Order
from rest_framework import filters, generics, pagination, serializers


class Pages(pagination.PageNumberPagination):
    page_size = 4


class OrderSerializer(serializers.ModelSerializer):
    customer = serializers.CharField(source="customer.name")

    class Meta:
        model = Order
        fields = ["id", "status", "customer"]


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["id", "name", "email", "city"]


class LabelSerializer(serializers.ModelSerializer):
    class Meta:
        model = Label
        fields = ["id", "name"]


class OrderList(generics.ListAPIView):
    queryset = Order.objects.select_related("customer")
    serializer_class = OrderSerializer
    pagination_class = Pages
    filter_backends = [filters.SearchFilter]
    search_fields = ["lines__sku"]


class CustomerList(generics.ListAPIView):  # QA207 CustomerList
    queryset = Customer.objects.filter(city="Graz")
    serializer_class = CustomerSerializer
    pagination_class = Pages


class BuyerList(generics.ListAPIView):
    serializer_class = CustomerSerializer
    pagination_class = Pages

    def get_queryset(self):
        large = Line.objects.filter(order__customer=OuterRef("pk"), quantity__gt=1)
        return Customer.objects.filter(Exists(large)).order_by("name", "pk")


class LabelList(generics.ListAPIView):
    queryset = Label.objects.all()
    serializer_class = LabelSerializer


api = NinjaAPI()


class OrderOut(Schema):
    id: int
    status: str


@api.get("/orders", response=List[OrderOut])
@paginate(LimitOffsetPagination)
def ninja_orders(request):
    return Order.objects.filter(status="open")


@api.get("/customers", response=List[OrderOut])
def ninja_customers(request):
    rows = Customer.objects.filter(orders__status="open")  # QA208 ninja_customers
    return [{"id": row.pk, "status": row.name} for row in rows]
"""

COMMAND = """
from django.core.management.base import BaseCommand
from orders.models import Customer, Order


class Command(BaseCommand):
    def handle(self, *args, **options):
        self.in_parts()
        self.in_ordered_parts()
        self.in_a_stream()
        self.until_none_is_left()
        self.in_batches()

    def in_parts(self):
        start, total = 0, 0
        while True:
            part = Customer.objects.filter(city="Graz")[start : start + 4]  # QA207 Command.in_parts
            rows = list(part)
            if not rows:
                break
            total += len(rows)
            start += 4
        self.stdout.write(str(total))

    def in_ordered_parts(self):
        customers = Customer.objects.filter(city="Graz").order_by("pk")
        for start in range(0, customers.count(), 4):
            for customer in customers[start : start + 4]:
                self.stdout.write(customer.name)

    def in_a_stream(self):
        orders = Order.objects.filter(status="open")
        self.stdout.write(str(orders.count()))
        for order in orders.iterator(chunk_size=5):
            self.stdout.write(order.status)

    def until_none_is_left(self):
        while True:
            rows = list(Order.objects.filter(status="new")[:4])
            if not rows:
                break
            Order.objects.filter(pk__in=[order.pk for order in rows]).update(status="open")

    def in_batches(self):
        keys = list(Order.objects.values_list("pk", flat=True))
        for start in range(0, len(keys), 5):
            for order in Order.objects.filter(pk__in=keys[start : start + 5]):
                self.stdout.write(order.status)
"""

TASKS = """
from celery import shared_task
from orders.models import Customer, Order


@shared_task
def remind():
    open_orders = Order.objects.filter(status="open").select_related("customer")
    return [order.customer.email for order in open_orders]


@shared_task
def remind_buyers():
    sent = []
    for customer in Customer.objects.filter(orders__status="open"):  # QA208 remind_buyers
        sent.append(customer.email)
    return sent


@shared_task
def remind_each_buyer():
    customers = Customer.objects.filter(orders__status="open").distinct()  # QA208 remind_each_buyer
    return [customer.email for customer in customers]


@shared_task
def expire():
    expired = Order.objects.filter(status="expired")
    if expired:  # QA204 expire
        expired.delete()


@shared_task
def expire_quietly():
    expired = Order.objects.filter(status="expired")
    if expired.exists():
        expired.update(status="gone")


@shared_task
def expire_loudly():
    expired = Order.objects.filter(status="gone")
    names = [order.customer_id for order in expired]
    expired.delete()
    return names


@shared_task
def report(limit=1000):
    orders = Order.objects.filter(status="paid")
    if orders.count() > limit:
        return "too many"
    return [order.pk for order in orders]
"""

TEMPLATES = {
    "list": "{% for order in orders %}{{ order.status }}{% endfor %}",
    "detail": "{{ order.lines.count }}{% for line in order.lines.all %}{{ line.sku }}{% endfor %}",
    "detail_once": "{% with lines=order.lines.all %}{{ lines|length }}"
    "{% for line in lines %}{{ line.sku }}{% endfor %}{% endwith %}",
    "notice": "{% if orders %}something is open{% endif %}",
    "listed": "{% if orders %}{% for order in orders %}{{ order.pk }}{% endfor %}{% endif %}",
}

#: What stands in templates, whose lines have no room for comments.
IN_TEMPLATES = {"QA205 order.lines.count", "QA204 if orders"}

URLS = """
from django.urls import path
from orders import api, views

NAMES = [name for name in vars(views) if name[0].islower()]
urlpatterns = [
    path(f"{name}/", getattr(views, name))
    for name in NAMES
    if getattr(getattr(views, name), "__module__", "") == "orders.views"
]
urlpatterns += [
    path("sized/", views.SizedOrders.as_view()),
    path("newest/", views.NewestOrders.as_view()),
    path("api/orders/", api.OrderList.as_view()),
    path("api/customers/", api.CustomerList.as_view()),
    path("api/buyers/", api.BuyerList.as_view()),
    path("api/labels/", api.LabelList.as_view()),
    path("ninja/", api.api.urls),
]
"""

TESTS = """
import pytest
from django.core.management import call_command
from django.utils import timezone
from orders import tasks
from orders.models import Customer, Label, Line, Order
from project.urls import urlpatterns


@pytest.fixture
def shop(db):
    labels = [Label.objects.create(name=name) for name in ("urgent", "gift", "abroad")]
    now = timezone.now()
    for number in range(9):
        customer = Customer.objects.create(
            name=f"Customer {number}", email=f"c{number}@example.com", city="Graz"
        )
        for status in ("open", "open", "paid", "expired", "new"):
            order = Order.objects.create(customer=customer, status=status, created=now)
            order.labels.set(labels[: number % 4])
            for sku in ("a", "b"):
                Line.objects.create(order=order, sku=sku, quantity=number + 1)


PATHS = [str(entry.pattern) for entry in urlpatterns if not str(entry.pattern).startswith("ninja")]


@pytest.mark.parametrize("path", [*PATHS, "ninja/orders", "ninja/customers"])
def test_a_page(client, shop, path):
    pk = Order.objects.values_list("pk", flat=True)[0]
    given = {"q": "Cust", "status": "open", "pk": pk, "search": "a", "page": 2}
    if path in ("pages/", "everything/"):
        given.pop("page")
    assert client.get(f"/{path}", given).status_code == 200


TASKS = ["remind", "remind_buyers", "remind_each_buyer", "expire", "report", "expire_quietly"]


@pytest.mark.parametrize("name", [*TASKS, "expire_loudly"])
def test_a_task(shop, name):
    getattr(tasks, name).apply(throw=True)


def test_the_command(shop):
    call_command("nightly")
"""
