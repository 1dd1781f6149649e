# SPDX-License-Identifier: LGPL-2.1-only
"""Whose turn is it to use a dma-buf? libdmabuf-sync for scripts.

    import dmabuf_sync

    with dmabuf_sync.Context() as ctx:
        with ctx.write(fd, 0, 4096, timeout=0.1) as held:
            if held.abandoned:
                print("a former owner died while it was writing")
            buffer[:4096] = data

A context is an owner of accesses; threads that are to exclude each other have one each. What is
acquired together, of one buffer or several, is a set:

    with ctx.acquire(dmabuf_sync.reading(src), dmabuf_sync.writing(dst, 0, 4096)):
        ...

Timelines say who comes after whom. A producer's update n, and its consumer's:

    with ctx.write(fd, wait=[(consumed, n - 1)], signal=[(produced, n)]):
        ...
    with ctx.read(fd, wait=[(produced, n)], signal=[(consumed, n)]):
        ...

A timeout is in seconds: None waits without limit, 0 does not wait.

Errors are OSError, of the class that Python has for the errno: BlockingIOError when a timeout of 0
would have to wait, TimeoutError when another one is over, BrokenPipeError when a point will not be
reached. Revoked is EOWNERDEAD: the lease of a set was over, others may have had the bytes. Others
have their errno alone: EDEADLK, ERANGE, ENOLCK ... dmabuf-sync.h explains each.

Calls that a signal interrupts go on after Python's handlers have run, unless these raise.
"""

import collections
import ctypes
import errno
import os
import time

__all__ = [
    "ABANDONED", "Access", "Context", "DMA", "EVENT_READY", "EVENT_REVOKED", "EVENT_WANTED",
    "Event", "READ", "REVOKED", "Revoked", "Set", "SetFd", "TO_END", "Timeline", "WRITE",
    "reading", "wait_all", "wait_any", "writing",
]

# Modes of accesses.
READ = 0x1
WRITE = 0x2
# In what query() says: by a device.
DMA = 0x4

# As a length: up to the end of the buffer.
TO_END = (1 << 64) - 1

# What happened to the bytes of a set before: Set.status.
ABANDONED = 0x1
REVOKED = 0x2

# Event.type: a queued set has ended to wait; somebody waits for one; its lease is over.
EVENT_READY = 1
EVENT_WANTED = 2
EVENT_REVOKED = 3

_NONBLOCK, _QUEUE, _NOTIFY = 0x1, 0x2, 0x4
_POINT_WAIT, _POINT_SIGNAL = 0x1, 0x2
_WAIT_NONBLOCK, _WAIT_ANY = 0x1, 0x2
_MAX_EVENTS = 32
_MAX_INFOS = 64


class Access(ctypes.Structure):
    """One access of a set; made by reading() and writing()."""

    _fields_ = [
        ("dmabuf", ctypes.c_int), ("mode", ctypes.c_uint32),
        ("offset", ctypes.c_uint64), ("length", ctypes.c_uint64),
    ]


class _Point(ctypes.Structure):
    _fields_ = [
        ("timeline", ctypes.c_int), ("role", ctypes.c_uint32), ("point", ctypes.c_uint64),
    ]


class _Set(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint32), ("status", ctypes.c_uint32)]


class _Request(ctypes.Structure):
    _fields_ = [
        ("accesses", ctypes.POINTER(Access)), ("nr_accesses", ctypes.c_uint),
        ("flags", ctypes.c_uint), ("points", ctypes.POINTER(_Point)),
        ("nr_points", ctypes.c_uint), ("reserved", ctypes.c_uint),
        ("deadline_ns", ctypes.c_int64), ("user_data", ctypes.c_uint64),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_uint32), ("set", ctypes.c_uint32), ("result", ctypes.c_int32),
        ("status", ctypes.c_uint32), ("user_data", ctypes.c_uint64),
    ]


class _Caps(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("max_set", ctypes.c_uint32),
                ("features", ctypes.c_uint64)] + [
        (name, ctypes.c_uint32) for name in (
            "max_infos", "min_lease_ms", "lease_ms", "max_accesses", "max_queued",
            "max_user_owners", "max_user_accesses", "max_user_queued", "max_user_buffers",
            "max_user_marks", "max_user_timelines", "max_user_points")
    ]


class _Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("access_id", "owner_id", "set_id")] + [
        (name, ctypes.c_uint32) for name in (
            "set", "owner_kind", "tgid", "tid", "mode", "state")
    ] + [
        (name, ctypes.c_uint64) for name in (
            "offset", "length", "age_ns", "fence_context", "fence_seqno")
    ]


class _List(ctypes.Structure):
    _fields_ = [
        ("cursor", ctypes.c_uint64 * 3), ("more", ctypes.c_uint32),
        ("nr_held", ctypes.c_uint32), ("nr_queued", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    ]


class _State(ctypes.Structure):
    _fields_ = [
        ("value", ctypes.c_uint64), ("failed", ctypes.c_uint64), ("dead", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    ]


def _names(structure):
    return [name for name, _ in structure._fields_ if name != "reserved"]


def _tuple_of(kind, structure):
    return kind(*(getattr(structure, name) for name in kind._fields))


Event = collections.namedtuple("Event", _names(_Event))
Caps = collections.namedtuple("Caps", _names(_Caps))
Info = collections.namedtuple("Info", _names(_Info))
State = collections.namedtuple("State", _names(_State))

_INT, _UINT, _U64, _NS = ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int64
_POINTER = ctypes.POINTER


def _load():
    """The functions that are used here, with their arguments; all return an int."""
    library = ctypes.CDLL("libdmabuf-sync.so.1")
    functions = {
        "open": [_INT],
        "lease": [_INT, _UINT, _POINTER(_UINT)],
        "get_caps": [_INT, _POINTER(_Caps)],
        "request": [_INT, _POINTER(_Request), _POINTER(_Set)],
        "request_fd": [_INT, _POINTER(_Request)],
        "release": [_INT, ctypes.c_uint32],
        "change": [_INT, ctypes.c_uint32, _POINTER(Access), _UINT, _NS,
                   _POINTER(ctypes.c_uint32)],
        "try_change": [_INT, ctypes.c_uint32, _POINTER(Access), _UINT,
                       _POINTER(ctypes.c_uint32)],
        "read_events": [_INT, _POINTER(_Event), _UINT],
        "set_result": [_INT, _POINTER(ctypes.c_uint32)],
        "query": [_INT, _INT, _POINTER(_List), _POINTER(_Info), _UINT],
        "query_blockers": [_INT, _INT, _POINTER(_Info), _POINTER(_List), _POINTER(_Info), _UINT],
        "timeline_new": [_INT, _U64],
        "timeline_waiter": [_INT, _U64],
        "timeline_signal": [_INT, _U64],
        "timeline_watch": [_INT, _U64],
        "timeline_query": [_INT, _POINTER(_State)],
        "wait": [_POINTER(_Point), _UINT, _UINT, _NS, _POINTER(_UINT)],
    }
    for name, arguments in functions.items():
        function = getattr(library, "dmasync_" + name)
        function.argtypes, function.restype = arguments, _INT
    return library


_library = _load()


class Revoked(OSError):
    """The lease was over: what was read, or written, is not to be relied upon."""


def _error(number):
    kind = Revoked if number == errno.EOWNERDEAD else OSError
    return kind(number, os.strerror(number))


def _call(name, *arguments):
    """Deadlines are points in time, so a call that was interrupted can be repeated as it is."""
    function = getattr(_library, "dmasync_" + name)
    while True:
        result = function(*arguments)
        if result >= 0:
            return result
        if result != -errno.EINTR:
            raise _error(-result)


# A later deadline could not be told in nanoseconds; it is 285 years from now.
_MAX_TIMEOUT = 9e9


def _deadline(timeout):
    """Of a timeout that is neither None nor 0."""
    return max(1, time.monotonic_ns() + int(min(timeout, _MAX_TIMEOUT) * 1e9))


def _fd(file):
    return file if isinstance(file, int) else file.fileno()


def _points(wait=(), signal=(), role_wait=_POINT_WAIT):
    points = [_Point(_fd(timeline), role_wait, point) for timeline, point in wait]
    points += [_Point(_fd(timeline), _POINT_SIGNAL, point) for timeline, point in signal]
    return (_Point * len(points))(*points)


def reading(dmabuf, offset=0, length=TO_END):
    """An access that reads; dmabuf is a descriptor, or has a fileno()."""
    return Access(_fd(dmabuf), READ, offset, length)


def writing(dmabuf, offset=0, length=TO_END):
    """An access that reads and writes."""
    return Access(_fd(dmabuf), READ | WRITE, offset, length)


class _File:
    """Something that is a descriptor: closed by close(), "with", or when it is forgotten."""

    def __init__(self, fd):
        self._fd = fd

    def fileno(self):
        return self._fd

    def close(self):
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __del__(self):
        if getattr(self, "_fd", -1) >= 0:
            self.close()


class _Status:
    """What happened to the bytes of a set before it was acquired."""

    status = 0

    @property
    def abandoned(self):
        """A former owner died while it was writing."""
        return bool(self.status & ABANDONED)

    @property
    def revoked(self):
        """The lease of a former owner was over while it was writing; it may still write."""
        return bool(self.status & REVOKED)


def _change(fd, number, accesses, timeout):
    """Return: the status of bytes that are new."""
    status = ctypes.c_uint32()
    which = fd, number, (Access * len(accesses))(*accesses), len(accesses)
    if timeout == 0:
        _call("try_change", *which, status)
    else:
        _call("change", *which, _deadline(timeout) if timeout else 0, status)
    return status.value


class Set(_Status):
    """A set of a context. "with" releases it at the end, and raises Revoked if it was."""

    def __init__(self, ctx, number, status):
        self.ctx, self.number, self.status = ctx, number, status

    def release(self):
        """Release it, or cancel it while it is queued."""
        _call("release", self.ctx.fileno(), self.number)

    def change(self, *accesses, timeout=None):
        """Replace what it consists of. What it keeps is held all the time; a failure changes
        nothing. status is that of bytes that it did not have before."""
        self.status = _change(self.ctx.fileno(), self.number, accesses, timeout)

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        try:
            self.release()
        except Revoked:
            # What was raised in between says more.
            if kind is None:
                raise


class SetFd(_File, _Status):
    """A set that is a descriptor, such as one that socket.recv_fds() returned."""

    def result(self):
        """Wait until it is acquired, unless it is O_NONBLOCK; raise Revoked if it was."""
        status = ctypes.c_uint32()
        _call("set_result", self._fd, status)
        self.status = status.value
        return self

    def change(self, *accesses, timeout=None):
        """Replace what it consists of, as Set.change() does."""
        self.status = _change(self._fd, 1, accesses, timeout)


class Context(_File):
    """An owner of accesses. nonblock: events() returns an empty list instead of waiting."""

    def __init__(self, nonblock=False, lease_ms=None):
        super().__init__(_call("open", os.O_NONBLOCK if nonblock else 0))
        if lease_ms is not None:
            self.lease(lease_ms)

    def lease(self, lease_ms):
        """Promise not to let others wait for longer. Return: what holds, in ms; 0: no limit."""
        effective = ctypes.c_uint()
        _call("lease", self._fd, lease_ms, effective)
        return effective.value

    def caps(self):
        """What the kernel has, and how much of it there may be."""
        caps = _Caps()
        _call("get_caps", self._fd, caps)
        return _tuple_of(Caps, caps)

    def _request(self, accesses, flags, timeout, points, user_data=0):
        return _Request(accesses=(Access * len(accesses))(*accesses),
                        nr_accesses=len(accesses), flags=flags, points=points,
                        nr_points=len(points), user_data=user_data,
                        deadline_ns=_deadline(timeout) if timeout else 0)

    def acquire(self, *accesses, timeout=None, wait=(), signal=(), notify=False):
        """Acquire a set, all of these accesses or none.

        wait, signal: pairs of a timeline and a point; it waits for the former, and its release
        signals the latter. notify: events() tells who wants the set, and when it is revoked.
        """
        flags = (_NONBLOCK if timeout == 0 else 0) | (_NOTIFY if notify else 0)
        return self._acquire(self._request(accesses, flags, timeout, _points(wait, signal)))

    def queue(self, *accesses, timeout=None, wait=(), signal=(), notify=False, user_data=0):
        """The same without waiting here: an event with its number tells when it is acquired."""
        flags = _QUEUE | (_NOTIFY if notify else 0)
        return self._acquire(self._request(accesses, flags, timeout, _points(wait, signal),
                                           user_data))

    def _acquire(self, request):
        answer = _Set()
        _call("request", self._fd, request, answer)
        return Set(self, answer.number, answer.status)

    def acquire_fd(self, *accesses, timeout=None, wait=(), signal=(), notify=False):
        """The same as a descriptor that can be passed on; SetFd.result() waits for it."""
        flags = (_NONBLOCK if timeout == 0 else _QUEUE) | (_NOTIFY if notify else 0)
        request = self._request(accesses, flags, timeout, _points(wait, signal))
        return SetFd(_call("request_fd", self._fd, request))

    def read(self, dmabuf, offset=0, length=TO_END, **options):
        """acquire() of one access that reads."""
        return self.acquire(reading(dmabuf, offset, length), **options)

    def write(self, dmabuf, offset=0, length=TO_END, **options):
        """acquire() of one access that reads and writes."""
        return self.acquire(writing(dmabuf, offset, length), **options)

    def events(self):
        """What became of queued sets, and who waits for those with notify: a list of Event.

        Event.result is 0 or a negative errno. The context is readable, for select and the like,
        when there are some.
        """
        events = (_Event * _MAX_EVENTS)()
        try:
            nr = _call("read_events", self._fd, events, _MAX_EVENTS)
        except BlockingIOError:
            nr = 0
        return [_tuple_of(Event, event) for event in events[:nr]]

    def query(self, dmabuf):
        """The accesses of a buffer, holders first: a list of Info."""
        return self._list("query", _fd(dmabuf))

    def blockers(self, dmabuf, waiter):
        """What an access of query() waits for, likewise."""
        return self._list("query_blockers", _fd(dmabuf), _Info(*waiter))

    def _list(self, name, *which):
        infos, state, found = (_Info * _MAX_INFOS)(), _List(more=1), []
        while state.more:
            nr = _call(name, self._fd, *which, state, infos, _MAX_INFOS)
            found += [_tuple_of(Info, info) for info in infos[:nr]]
        return found

    def timeline(self, value=0):
        """Make a timeline that can be signaled."""
        return Timeline(_call("timeline_new", self._fd, value))


class Timeline(_File):
    """A counter that only grows. Made by Context.timeline(), or of a descriptor."""

    def waiter(self, watch=0):
        """Another descriptor, which can only wait; poll() of it is about this point."""
        return Timeline(_call("timeline_waiter", self._fd, watch))

    def signal(self, point):
        """Reach a point, and all before it."""
        _call("timeline_signal", self._fd, point)

    def watch(self, point):
        """poll() is about this point from now on."""
        _call("timeline_watch", self._fd, point)

    def state(self):
        """The largest point that was reached, the largest that failed or 0, 1 if it is dead."""
        state = _State()
        _call("timeline_query", self._fd, state)
        return _tuple_of(State, state)

    def wait(self, point, timeout=None):
        """Wait until a point is reached."""
        wait_all((self, point), timeout=timeout)


def _wait(points, flags, timeout):
    points = _points(wait=points, role_wait=0)
    index = ctypes.c_uint()
    flags |= _WAIT_NONBLOCK if timeout == 0 else 0
    _call("wait", points, len(points), flags, _deadline(timeout) if timeout else 0, index)
    return index.value


def wait_all(*points, timeout=None):
    """Wait for all of these pairs of a timeline and a point."""
    _wait(points, 0, timeout)


def wait_any(*points, timeout=None):
    """Wait for one of them. Return: which, counted from 0."""
    return _wait(points, _WAIT_ANY, timeout)
