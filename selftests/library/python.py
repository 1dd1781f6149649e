#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
#
# The Python module over libdmabuf-sync: each call, good and bad, against the real device. Each
# function that is called test_... is a test; its parameters are what it needs.

import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback

tree = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
built = os.path.join(tree, "build/tools/libdmabuf-sync")
if os.environ.get("LD_LIBRARY_PATH") != built:
    # The loader reads it once, at the start.
    os.environ["LD_LIBRARY_PATH"] = built
    os.execv(sys.executable, [sys.executable] + sys.argv)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(tree, "tools/libdmabuf-sync/python"))

import dmabuf_sync  # noqa: E402
from dmabuf_sync import Context, reading, writing  # noqa: E402

SOON = 10 * int(os.environ.get("TIMEOUT_FACTOR", "1"))
PAGES = 4
UDMABUF_CREATE = 0x40187542
F_ADD_SEALS, F_SEAL_SHRINK = 1033, 0x2


def buffer_new():
    memfd = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memfd, PAGES * mmap.PAGESIZE)
    fcntl.fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK)
    device = os.open("/dev/udmabuf", os.O_RDWR)
    create = bytearray(struct.pack("IIQQ", memfd, 1, 0, PAGES * mmap.PAGESIZE))
    fd = fcntl.ioctl(device, UDMABUF_CREATE, create)
    os.close(device)
    os.close(memfd)
    return fd


def raises(kind, number, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except OSError as error:
        assert type(error) is kind and error.errno == number, repr(error)
    else:
        raise AssertionError("it did not fail")


def readable(file, timeout=SOON):
    return bool(select.select([file], [], [], timeout)[0])


def until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


def in_child(function):
    pid = os.fork()
    if pid:
        return pid
    try:
        function()
    finally:
        os._exit(1)


def test_write_excludes_others_until_its_block_ends(a, b, fd):
    with a.write(fd, 0, 4096) as held:
        assert not held.abandoned and not held.revoked
        raises(BlockingIOError, errno.EAGAIN, b.read, fd, timeout=0)
        with b.write(fd, 4096, 4096, timeout=0):
            pass
    with b.read(fd, timeout=0):
        pass


def test_read_lets_others_read(a, b, fd):
    with a.read(fd), b.read(fd, timeout=0):
        raises(BlockingIOError, errno.EAGAIN, a.acquire, writing(fd), timeout=0)


def test_change_lets_others_in_and_keeps_the_rest(a, b, fd):
    with a.write(fd) as held:
        held.change(writing(fd, 0, 4096), reading(fd, 4096, 4096))
        raises(BlockingIOError, errno.EAGAIN, b.read, fd, 0, 4096, timeout=0)
        b.write(fd, 8192, timeout=0).release()
        with b.read(fd, 4096, 4096, timeout=0):
            raises(BlockingIOError, errno.EAGAIN, held.change, writing(fd), timeout=0)
            raises(TimeoutError, errno.ETIMEDOUT, held.change, writing(fd), timeout=0.01)
        held.change(writing(fd))
        assert not held.abandoned
        raises(BlockingIOError, errno.EAGAIN, b.read, fd, 8192, timeout=0)


def test_set_that_is_a_descriptor_is_changed(a, b, fd):
    with a.acquire_fd(writing(fd)) as held:
        held.result().change(reading(fd))
        with b.read(fd, timeout=0):
            raises(BlockingIOError, errno.EAGAIN, held.change, writing(fd), timeout=0)
        held.result()


def test_block_releases_when_it_raises(a, b, fd):
    try:
        with a.write(fd):
            raise KeyError
    except KeyError:
        pass
    b.write(fd, timeout=0).release()


def test_set_of_two_buffers(a, b, fd):
    other = buffer_new()
    with a.acquire(reading(fd), writing(other, 0, 4096)):
        b.read(fd, timeout=0).release()
        raises(BlockingIOError, errno.EAGAIN, b.read, other, timeout=0)
    os.close(other)


def test_timeout_is_told(a, b, fd):
    with a.write(fd):
        raises(TimeoutError, errno.ETIMEDOUT, b.write, fd, timeout=0.02)


def test_timeout_may_be_very_long(a, fd):
    for timeout in (threading.TIMEOUT_MAX, 1e12, float("inf")):
        a.write(fd, timeout=timeout).release()
        a.timeline(1).wait(1, timeout=timeout)


def test_bad_arguments_are_told(a, fd):
    raises(OSError, errno.EBADF, a.write, -1)
    raises(OSError, errno.EINVAL, a.write, a)
    raises(OSError, errno.EINVAL, a.write, fd, 0, 0)
    raises(OSError, errno.EINVAL, a.acquire)
    raises(OSError, errno.EINVAL, a.acquire, writing(fd), reading(fd))
    raises(OSError, errno.EINVAL, a.lease, 1)


def test_released_set_is_gone(a, fd):
    held = a.write(fd)
    held.release()
    raises(FileNotFoundError, errno.ENOENT, held.release)


def test_closed_context_is_gone(a, b, fd):
    a.write(fd)
    a.close()
    a.close()
    raises(OSError, errno.EBADF, a.write, fd)
    assert b.write(fd, timeout=SOON).abandoned


def test_dead_owner_is_told(b, fd):
    def die():
        Context().write(fd)
        os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(in_child(die), 0)
    with b.write(fd, timeout=SOON) as held:
        assert held.abandoned and not held.revoked
    with b.write(fd) as held:
        assert not held.status


def test_revoked_set_is_told_to_both(a, b, fd):
    assert a.lease(50) == 50
    try:
        with a.write(fd):
            with b.write(fd, timeout=SOON) as held:
                assert held.revoked
    except dmabuf_sync.Revoked as error:
        assert error.errno == errno.EOWNERDEAD
    else:
        raise AssertionError("it did not fail")


def test_what_a_block_raises_is_not_hidden_by_the_lease(a, b, fd):
    a.lease(50)
    try:
        with a.write(fd):
            b.write(fd, timeout=SOON)
            raise KeyError
    except KeyError:
        pass


def test_signal_does_not_end_a_wait(a, b, fd):
    calls = []
    signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
    held = a.write(fd)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    threading.Timer(0.2, held.release).start()
    b.write(fd, timeout=SOON).release()
    assert calls


def test_handler_that_raises_ends_a_wait(a, b, fd):
    def handler(*_):
        raise KeyError

    signal.signal(signal.SIGALRM, handler)
    with a.write(fd):
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        try:
            b.write(fd, timeout=SOON)
        except KeyError:
            return
    raise AssertionError("it went on")


def test_queued_set_has_an_event(a, fd):
    with Context(nonblock=True) as queued:
        held = a.write(fd)
        waits = queued.queue(writing(fd), user_data=7)
        assert queued.events() == []
        held.release()
        assert readable(queued)
        event, = queued.events()
        assert event == (dmabuf_sync.EVENT_READY, waits.number, 0, 0, 7), event
        waits.release()


def test_event_tells_that_a_set_is_wanted(a, b, fd):
    with a.write(fd, notify=True):
        waits = b.queue(writing(fd))
        event, = a.events()
        assert event.type == dmabuf_sync.EVENT_WANTED
    assert b.events()[0].set == waits.number


def test_set_is_passed_on(a, b, fd):
    mine, yours = socket.socketpair()
    held = a.acquire_fd(writing(fd), timeout=0)
    socket.send_fds(mine, [b"x"], [held.fileno()])
    held.close()
    received = dmabuf_sync.SetFd(socket.recv_fds(yours, 1, 1)[1][0])
    assert received.result().status == 0
    raises(BlockingIOError, errno.EAGAIN, b.read, fd, timeout=0)
    received.close()
    b.read(fd, timeout=0).release()


def test_set_fd_fails_once(a, fd):
    with a.write(fd), a.acquire_fd(writing(fd), timeout=0.02) as waits:
        raises(TimeoutError, errno.ETIMEDOUT, waits.result)
        raises(OSError, errno.ENODATA, waits.result)


def test_query_names_who_is_in_the_way(a, b, fd):
    with a.write(fd, 0, 10):
        b.queue(writing(fd))
        holder, waiter = a.query(fd)
        assert holder.tgid == os.getpid() and holder.length == 10
        assert holder.mode == dmabuf_sync.READ | dmabuf_sync.WRITE
        blocker, = a.blockers(fd, waiter)
        assert blocker.access_id == holder.access_id
        raises(FileNotFoundError, errno.ENOENT, a.blockers, fd, holder)


def test_query_has_all_of_many(a, fd):
    for offset in range(200):
        a.read(fd, offset, 1)
    assert sorted(info.offset for info in a.query(fd)) == list(range(200))


def test_caps(a):
    caps = a.caps()
    assert caps.max_set == 256 and caps.min_lease_ms == 10 and caps.max_user_points > 0


def test_timeline_orders(a, b, fd):
    produced, consumed = a.timeline(), a.timeline()
    seen = []

    def consume():
        for n in range(1, 20):
            with b.read(fd, wait=[(produced, n)], signal=[(consumed, n)], timeout=SOON):
                seen.append(written[-1])

    written = []
    thread = threading.Thread(target=consume)
    thread.start()
    for n in range(1, 20):
        with a.write(fd, wait=[(consumed, n - 1)], signal=[(produced, n)], timeout=SOON):
            written.append(n)
    thread.join()
    assert seen == written == list(range(1, 20)), seen
    assert produced.state() == (19, 0, 0)


def test_timeline_wait(a):
    timeline = a.timeline(5)
    timeline.wait(5)
    raises(TimeoutError, errno.ETIMEDOUT, timeline.wait, 6, timeout=0.02)
    raises(BlockingIOError, errno.EAGAIN, timeline.wait, 6, timeout=0)
    raises(OSError, errno.ERANGE, timeline.signal, 5)
    timeline.signal(6)
    timeline.wait(6)


def test_timeline_wait_for_several(a):
    one, two = a.timeline(), a.timeline(3)
    assert dmabuf_sync.wait_any((one, 1), (two, 3)) == 1
    raises(BlockingIOError, errno.EAGAIN, dmabuf_sync.wait_all, (one, 1), (two, 3), timeout=0)
    one.signal(1)
    dmabuf_sync.wait_all((one, 1), (two, 3))
    raises(OSError, errno.EINVAL, dmabuf_sync.wait_all)


def test_timeline_is_polled(a):
    timeline = a.timeline()
    timeline.watch(2)
    timeline.signal(1)
    assert not readable(timeline, 0)
    timeline.signal(2)
    assert readable(timeline)


def test_timeline_without_a_signaller_is_dead(a):
    timeline = a.timeline()
    waiter = timeline.waiter()
    raises(OSError, errno.EBADF, waiter.signal, 1)
    timeline.close()
    raises(BrokenPipeError, errno.EPIPE, waiter.wait, 1)
    assert waiter.state().dead


def test_forgotten_context_is_closed(b, fd):
    Context().write(fd)
    until(lambda: not b.query(fd))


def run(test):
    wanted = test.__code__.co_varnames[:test.__code__.co_argcount]
    things = {name: buffer_new() if name == "fd" else Context() for name in wanted}
    try:
        test(**things)
    except BaseException:
        print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
        return False
    finally:
        for name, thing in things.items():
            if name == "fd":
                os.close(thing)
            else:
                thing.close()
    return True


def main():
    tests = [(name[5:], test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    print(f"TAP version 13\n1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        good = run(test)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
