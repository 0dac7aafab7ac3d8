"""What kazoo's users do, one scenario after the other: python kazoo_scenarios.py HOST:PORT."""

import sys
import threading

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import (
    BadVersionError,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.recipe.barrier import Barrier, DoubleBarrier
from kazoo.recipe.counter import Counter
from kazoo.recipe.election import Election
from kazoo.recipe.lock import Lock, Semaphore
from kazoo.recipe.party import Party
from kazoo.recipe.queue import LockingQueue, Queue
from kazoo.security import make_digest_acl

WAIT = 10
HOSTS = sys.argv[1]


def client(**options):
    made = KazooClient(hosts=HOSTS, timeout=10, **options)
    made.start(timeout=WAIT)
    return made


def must_raise(error, call, *args, **options):
    try:
        call(*args, **options)
    except error:
        return
    raise AssertionError("%s did not raise %s" % (call, error.__name__))


def basics(zk):
    zk.create("/basics", b"one", makepath=True)
    must_raise(NodeExistsError, zk.create, "/basics", b"")
    data, stat = zk.get("/basics")
    assert data == b"one" and stat.version == 0 and stat.data_length == 3
    assert zk.set("/basics", b"two").version == 1
    must_raise(BadVersionError, zk.set, "/basics", b"three", version=0)
    path, stat = zk.create("/basics/a", b"x", include_data=True)
    assert path == "/basics/a" and stat.data_length == 1
    assert zk.create("/basics/s-", sequence=True) == "/basics/s-0000000001"
    assert zk.create("/basics/e", ephemeral=True) == "/basics/e"
    assert zk.exists("/basics/e").ephemeralOwner == zk.client_id[0]
    names, stat = zk.get_children("/basics", include_data=True)
    assert sorted(names) == ["a", "e", "s-0000000001"] and stat.numChildren == 3
    must_raise(NotEmptyError, zk.delete, "/basics")
    must_raise(NoNodeError, zk.get, "/basics/missing")
    assert zk.exists("/basics/missing") is None
    assert zk.sync("/basics") == "/basics"
    zk.delete("/basics", recursive=True)
    assert zk.exists("/basics") is None
    assert b"standalone" in zk.command(b"srvr").encode()


def transactions(zk):
    zk.create("/transactions")
    transaction = zk.transaction()
    transaction.check("/transactions", version=0)
    transaction.create("/transactions/a", b"x")
    transaction.set_data("/transactions", b"y")
    transaction.delete("/transactions/a")
    results = transaction.commit()
    assert results[0] is True and results[1] == "/transactions/a", results
    assert results[2].version == 1 and results[3] is True, results
    failing = zk.transaction()
    failing.create("/transactions/b")
    failing.check("/transactions", version=7)
    failing.create("/transactions/c")
    results = failing.commit()
    assert isinstance(results[0], RolledBackError), results
    assert isinstance(results[1], BadVersionError), results
    assert zk.get_children("/transactions") == []


def watchers(zk):
    other = client()
    zk.create("/watchers", b"0")
    values, lists = [], []
    changed = threading.Condition()

    @other.DataWatch("/watchers")
    def on_data(data, _stat, _event):
        with changed:
            values.append(data)
            changed.notify_all()

    @other.ChildrenWatch("/watchers")
    def on_children(children):
        with changed:
            lists.append(sorted(children))
            changed.notify_all()

    def seen(what):
        with changed:
            assert changed.wait_for(what, WAIT), (values, lists)

    seen(lambda: values == [b"0"] and lists == [[]])
    zk.set("/watchers", b"1")
    seen(lambda: values[-1] == b"1")
    zk.create("/watchers/a")
    seen(lambda: lists[-1] == ["a"])
    zk.delete("/watchers/a")
    seen(lambda: lists[-1] == [])
    zk.delete("/watchers")
    seen(lambda: values[-1] is None)
    other.stop()
    other.close()


def auth(zk):
    acl = make_digest_acl("user", "secret", all=True)
    zk.create("/auth", b"hidden", acl=[acl])
    must_raise(NoAuthError, zk.get, "/auth")
    owner = client(auth_data=[("digest", "user:secret")])
    assert owner.get("/auth")[0] == b"hidden"
    assert owner.get_acls("/auth")[0][0].id.id == acl.id.id
    must_raise(NoAuthError, zk.set_acls, "/auth", [acl])
    owner.stop()
    owner.close()


def reattach(zk):
    """The connection breaks; the session, its ephemerals and its watches stay."""
    moved = client()
    lost, back = threading.Event(), threading.Event()

    def on_state(state):
        if state == KazooState.SUSPENDED:
            lost.set()
        elif state == KazooState.CONNECTED:
            back.set()

    moved.add_listener(on_state)
    moved.create("/reattach", ephemeral=True)
    fired = threading.Event()
    moved.exists("/reattach-later", watch=lambda event: fired.set())
    before = moved.client_id
    back.clear()
    moved._connection._socket.shutdown(2)
    assert lost.wait(WAIT) and back.wait(WAIT)
    assert moved.client_id == before
    assert zk.exists("/reattach").ephemeralOwner == before[0]
    zk.create("/reattach-later")
    assert fired.wait(WAIT)
    moved.stop()
    moved.close()
    assert zk.exists("/reattach") is None


def locks(zk):
    other = client()
    first, second = Lock(zk, "/lock", "one"), Lock(other, "/lock", "two")
    assert first.acquire(timeout=WAIT)
    assert first.contenders() == ["one"]
    assert not second.acquire(blocking=False)
    got = threading.Event()
    waiting = threading.Thread(target=lambda: second.acquire(timeout=WAIT) and got.set())
    waiting.start()
    assert not got.is_set()
    first.release()
    assert got.wait(WAIT)
    waiting.join()
    second.release()
    semaphore = Semaphore(zk, "/semaphore", max_leases=2)
    assert semaphore.acquire(timeout=WAIT)
    semaphore.release()
    other.stop()
    other.close()


def elections(zk):
    order = []
    candidates = [client() for _ in range(3)]
    threads = []
    for number, candidate in enumerate(candidates):
        election = Election(candidate, "/election", str(number))
        thread = threading.Thread(target=election.run, args=(lambda n=number: order.append(n),))
        threads.append(thread)
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert sorted(order) == [0, 1, 2], order
    for candidate in candidates:
        candidate.stop()
        candidate.close()


def queues(zk):
    queue = Queue(zk, "/queue")
    for item in (b"one", b"two"):
        queue.put(item)
    queue.put(b"first", priority=1)
    assert len(queue) == 3
    assert [queue.get() for _ in range(4)] == [b"first", b"one", b"two", None]
    locking = LockingQueue(zk, "/locking-queue")
    locking.put_all([b"a", b"b"])
    assert locking.get(timeout=WAIT) == b"a" and locking.holds_lock()
    assert locking.consume()
    assert locking.get(timeout=WAIT) == b"b" and locking.consume()


def barriers(zk):
    barrier = Barrier(zk, "/barrier")
    barrier.create()
    assert not barrier.wait(timeout=0.2)
    assert barrier.remove()
    assert barrier.wait(timeout=WAIT)
    other = client()
    doubles = [DoubleBarrier(c, "/double", 2, str(n)) for n, c in enumerate((zk, other))]
    for phase in ("enter", "leave"):
        threads = [threading.Thread(target=getattr(double, phase)) for double in doubles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
            assert not thread.is_alive(), phase
    assert all(not double.participating for double in doubles)
    other.stop()
    other.close()


def counters(zk):
    counter = Counter(zk, "/counter")
    counter += 5
    counter -= 2
    assert counter.value == 3
    others = [client() for _ in range(3)]

    def add(own):
        for _ in range(10):
            own += 1

    threads = [threading.Thread(target=add, args=(Counter(c, "/counter"),)) for c in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert counter.value == 33, counter.value
    for other in others:
        other.stop()
        other.close()


def parties(zk):
    other = client()
    mine, theirs = Party(zk, "/party", "me"), Party(other, "/party", "they")
    mine.join()
    theirs.join()
    assert sorted(mine) == ["me", "they"]
    other.stop()
    other.close()
    assert sorted(mine) == ["me"]
    mine.leave()
    assert len(mine) == 0


SCENARIOS = [
    basics,
    transactions,
    watchers,
    auth,
    reattach,
    locks,
    elections,
    queues,
    barriers,
    counters,
    parties,
]


def main():
    zk = client()
    for scenario in SCENARIOS:
        scenario(zk)
        print("ok", scenario.__name__, flush=True)
    zk.stop()
    zk.close()


if __name__ == "__main__":
    main()
