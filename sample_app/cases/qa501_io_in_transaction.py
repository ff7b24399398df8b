"""QA501: calls to the outside while a transaction holds rows. The gateway is a data: URL."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import urllib.request
from functools import partial
from tempfile import TemporaryDirectory

from asgiref.sync import async_to_sync
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import transaction

from sample_app.shop.models import Book, Order

GATEWAY = "data:,charged"


def _charge(order: Order) -> str:
    with urllib.request.urlopen(GATEWAY) as answer:
        return str(answer.read().decode())


def _store(content: bytes) -> str:
    with TemporaryDirectory() as folder:
        return str(FileSystemStorage(folder).save("invoice.pdf", ContentFile(content)))


def _tell(order: Order) -> None:
    message = mail.EmailMessage("Paid", "Thank you.", "shop@example.com", ["you@example.com"])
    message.connection = mail.get_connection("django.core.mail.backends.locmem.EmailBackend")
    message.send()


def bad() -> str:
    """The gateway is asked while the order is locked."""
    with transaction.atomic():
        order = Order.objects.select_for_update().order_by("pk")[:1].get()
        order.status = _charge(order)[:4]
        order.save(update_fields=["status"])
    return order.status


def bad_decorated() -> None:
    """Mail is sent before the commit of the function that the decorator wraps."""
    _pay_and_tell()


@transaction.atomic
def _pay_and_tell() -> None:
    order = Order.objects.order_by("pk")[0]
    Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)
    _tell(order)


def bad_process() -> int:
    """A process is waited for with a row written."""
    with transaction.atomic():
        Book.objects.filter(pk=Book.objects.earliest("pk").pk).update(stock=1)
        return subprocess.run([sys.executable, "-c", ""], check=True).returncode


def bad_sleep() -> None:
    """It waits a little, and so does everybody else."""
    with transaction.atomic():
        Book.objects.filter(pk=Book.objects.earliest("pk").pk).update(stock=1)
        time.sleep(0.001)


def bad_file() -> str:
    """An invoice is stored while its order is locked, as it may well be on another machine."""
    with transaction.atomic():
        Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(status=Order.Status.PAID)
        return _store(b"invoice " * 10_000)


def bad_asyncio_sleep() -> None:
    """It waits as well, in a loop of events that nobody else uses."""

    async def wait() -> None:
        await asyncio.sleep(0.001)

    with transaction.atomic():
        Book.objects.filter(pk=Book.objects.earliest("pk").pk).update(stock=1)
        async_to_sync(wait)()


def good_small_file() -> str:
    """Written before a lock could get warm."""
    with transaction.atomic():
        Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(status=Order.Status.PAID)
        return _store(b"invoice")


def good_file_before() -> str:
    """The file is there before the transaction begins."""
    name = _store(b"invoice " * 10_000)
    with transaction.atomic():
        Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(note=name)
    return name


def good() -> str:
    """Asked first, stored afterwards."""
    order = Order.objects.order_by("pk")[0]
    status = _charge(order)[:4]
    with transaction.atomic():
        order = Order.objects.select_for_update().order_by("pk")[:1].get()
        order.status = status
        order.save(update_fields=["status"])
    return order.status


def good_after_commit() -> None:
    """Told when the commit is done."""
    with transaction.atomic():
        order = Order.objects.order_by("pk")[0]
        Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)
        transaction.on_commit(partial(_tell, order))


def good_read_only() -> str:
    """Nothing is written or locked, nobody waits."""
    with transaction.atomic():
        order = Order.objects.order_by("pk")[0]
        return _charge(order)


def good_before_the_first_write() -> None:
    """Nothing is held yet when the call is made."""
    with transaction.atomic():
        order = Order.objects.order_by("pk")[0]
        _charge(order)
        Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)


def good_autocommit() -> None:
    """Each statement commits by itself."""
    order = Order.objects.order_by("pk")[0]
    Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)
    _tell(order)


def good_savepoint_undone() -> str:
    """What was written is rolled back to a savepoint before the call: its locks are gone."""
    with transaction.atomic():
        order = Order.objects.order_by("pk")[0]
        try:
            with transaction.atomic():
                Order.objects.filter(pk=order.pk).update(status=Order.Status.PAID)
                raise ValueError
        except ValueError:
            return _charge(order)


def good_no_time() -> None:
    """Sleeping for nothing only lets another thread run."""
    with transaction.atomic():
        Book.objects.filter(pk=Book.objects.earliest("pk").pk).update(stock=1)
        time.sleep(0)
