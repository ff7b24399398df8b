"""QA802: tasks that share a connection, and with it a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from sample_app.shop.models import Author, Tag

Work = Callable[[], Awaitable[object]]


class AsyncAtomic:
    """A transaction that stays open while its task awaits."""

    async def __aenter__(self) -> None:
        self._block = transaction.atomic()
        await sync_to_async(self._block.__enter__)()

    async def __aexit__(self, *error: object) -> None:
        await sync_to_async(self._block.__exit__)(*error)


class Meeting:
    """Lets one task do its work while the other one's transaction is open."""

    def __init__(self) -> None:
        self.opened, self.done = asyncio.Event(), asyncio.Event()

    async def outsider(self, work: Work) -> None:
        await self.opened.wait()
        await work()
        self.done.set()

    async def wait(self) -> None:
        self.opened.set()
        await self.done.wait()


async def _rename() -> None:
    await Author.objects.filter(name="nobody").aupdate(born=1900)


async def _tag() -> None:
    await Tag.objects.acreate(name="met")


@sync_to_async
def _tag_in_its_own_block() -> None:
    with transaction.atomic():
        Tag.objects.create(name="met")


async def _look() -> None:
    await Tag.objects.acount()


async def _pay(meeting: Meeting) -> None:
    async with AsyncAtomic():
        await _rename()
        await meeting.wait()


async def _meet(work: Work) -> None:
    meeting = Meeting()
    await asyncio.gather(_pay(meeting), meeting.outsider(work))


def bad() -> None:
    """What the other task writes is gone if the payment fails."""
    async_to_sync(_meet)(_tag)


def bad_block() -> None:
    """The other task's block is a savepoint of the transaction, and commits nothing."""
    async_to_sync(_meet)(_tag_in_its_own_block)


def bad_read() -> None:
    """The other task reads what is not committed."""
    async_to_sync(_meet)(_look)


async def _rename_in_a_block_that_awaits() -> None:
    async with AsyncAtomic():
        await _rename()


def bad_both_in_blocks() -> None:
    """Neither block knows that it is within the other one."""
    async_to_sync(_meet)(_rename_in_a_block_that_awaits)


async def _entered_by_hand() -> None:
    meeting = Meeting()
    other = asyncio.create_task(meeting.outsider(_tag))
    block = transaction.atomic()
    await sync_to_async(block.__enter__)()
    await _rename()
    await meeting.wait()
    await sync_to_async(block.__exit__)(None, None, None)
    await other


def bad_entered_by_hand() -> None:
    """Without a class for it, by a task that was made before."""
    async_to_sync(_entered_by_hand)()


@sync_to_async
def _pay_at_once() -> None:
    with transaction.atomic():
        Author.objects.filter(name="nobody").update(born=1900)


async def _both(*work: Work) -> None:
    await asyncio.gather(*(one() for one in work))


def good() -> None:
    """Nothing can come between the beginning and the end of one synchronous function."""
    async_to_sync(_both)(_pay_at_once, _tag)


def good_blocks() -> None:
    """Two such functions at once run one after the other."""
    async_to_sync(_both)(_pay_at_once, _tag_in_its_own_block)


async def _alone(*work: Work) -> None:
    async with AsyncAtomic():
        for one in work:
            await one()


def good_helpers() -> None:
    """What the task itself awaits belongs to its transaction."""
    async_to_sync(_alone)(_rename, _tag, _tag_in_a_synchronous_helper, _look)


async def _tag_in_a_synchronous_helper() -> None:
    await sync_to_async(Tag.objects.create)(name="helped")


async def _gathering() -> None:
    async with AsyncAtomic():
        await asyncio.gather(_rename(), _tag())


def good_tasks_made_within() -> None:
    """Tasks that are made in the block are meant to be in it."""
    async_to_sync(_gathering)()


async def _waiting_for_the_end() -> None:
    ended = asyncio.Event()

    async def pay() -> None:
        async with AsyncAtomic():
            await _rename()
        ended.set()

    async def tag() -> None:
        await ended.wait()
        await _tag()

    await asyncio.gather(tag(), pay())


def good_after_the_end() -> None:
    """The other task waits until the transaction has ended."""
    async_to_sync(_waiting_for_the_end)()


def good_no_transaction() -> None:
    """Tasks without a transaction share a connection in peace."""
    async_to_sync(_both)(_rename, _tag, _look)


def good_awaited_in_a_block() -> None:
    """A synchronous block that waits for a coroutine: what this asks is the block's."""
    with transaction.atomic():
        Author.objects.filter(name="nobody").update(born=1900)
        async_to_sync(_tag)()
