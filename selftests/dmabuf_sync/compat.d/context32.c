// SPDX-License-Identifier: GPL-2.0-only
/*
 * A context of a 32-bit program: the structures and the numbers of the calls are those of 64-bit
 * programs, byte for byte. Standard input is a dma-buf of 8192 bytes, of which a 64-bit process
 * writes 100 from 4096 on.
 *
 * Its own program, not linked with the library, which is 64-bit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dmabuf_sync.h>

#include "../header/facts.h"

#define RW	DMA_BUF_ACCESS_RW

static int nr, failed, ctx;

static void check(const char *what, int ok)
{
	printf("%sok %d %s\n", ok ? "" : "not ", ++nr, what);
	failed |= !ok;
}

static int call(unsigned int cmd, void *arg)
{
	return ioctl(ctx, cmd, arg) ? -errno : 0;
}

/* Return: the set, or a negative errno. */
static int acquire(uint64_t offset, uint64_t length, uint32_t flags)
{
	struct dmabuf_sync_access access = { .mode = RW, .offset = offset, .length = length };
	struct dmabuf_sync_acquire arg = {
		.size = sizeof(arg), .flags = flags, .accesses = (uintptr_t)&access,
		.nr_accesses = 1, .access_size = sizeof(access),
		.user_data = 0x1122334455667788ULL,
	};
	int ret = call(DMABUF_SYNC_IOC_ACQUIRE, &arg);

	return ret ? ret : (int)arg.set;
}

static int change(int set, uint64_t offset, uint64_t length)
{
	struct dmabuf_sync_access access = { .mode = RW, .offset = offset, .length = length };
	struct dmabuf_sync_change arg = {
		.size = sizeof(arg), .set = set, .status = ~0U,
		.accesses = (uintptr_t)&access, .nr_accesses = 1,
		.access_size = sizeof(access), .deadline_ns = INT64_MAX,
	};
	int ret = call(DMABUF_SYNC_IOC_CHANGE, &arg);

	return ret ? ret : (int)arg.status;
}

static int release(int set)
{
	struct dmabuf_sync_release arg = { .size = sizeof(arg), .set = set };

	return call(DMABUF_SYNC_IOC_RELEASE, &arg);
}

static int query(struct dmabuf_sync_info *infos, unsigned int max)
{
	struct dmabuf_sync_query arg = {
		.size = sizeof(arg), .info_size = sizeof(*infos), .infos = (uintptr_t)infos,
		.nr_infos = max,
	};
	int ret = call(DMABUF_SYNC_IOC_QUERY, &arg);

	return ret ? ret : (int)arg.nr_infos;
}

static int layout_is_the_documented_one(void)
{
	static const unsigned long sizes[] = HEADER_SIZES, calls[] = HEADER_CALLS;

	return !memcmp(header_i386.sizes, sizes, sizeof(sizes)) &&
	       !memcmp(header_i386.calls, calls, sizeof(calls));
}

static int queued_is_told(void)
{
	struct dmabuf_sync_event event;
	int set = acquire(0, 10, DMABUF_SYNC_ACQUIRE_QUEUE);
	struct pollfd pfd = { .fd = ctx, .events = POLLIN };

	return set > 0 && poll(&pfd, 1, 10000) == 1 &&
	       read(ctx, &event, sizeof(event)) == sizeof(event) &&
	       event.length == sizeof(event) && event.type == DMABUF_SYNC_EVENT_READY &&
	       (int)event.set == set && !event.result &&
	       event.user_data == 0x1122334455667788ULL && !release(set);
}

static int query_tells(void)
{
	struct dmabuf_sync_info infos[3];

	return query(infos, 3) == 2 && infos[0].length + infos[1].length == 110 &&
	       infos[0].offset + infos[1].offset == 4106 &&
	       infos[0].tgid + infos[1].tgid == (uint32_t)(getpid() + getppid());
}

int main(void)
{
	struct dmabuf_sync_caps caps = { .size = sizeof(caps) };
	struct dmabuf_sync_lease lease = { .size = sizeof(lease), .lease_ms = 1234 };
	int set;

	printf("TAP version 13\n1..12\n");
	ctx = open("/dev/dmabuf_sync", O_RDWR | O_CLOEXEC);
	check("this is a 32-bit program", sizeof(long) == 4);
	check("structures and calls", layout_is_the_documented_one());
	check("/dev/dmabuf_sync", ctx >= 0);
	set = acquire(10, 10, 0);
	check("acquire", set > 0);
	check("what the other process writes: EAGAIN",
	      acquire(4000, 1000, DMABUF_SYNC_ACQUIRE_NONBLOCK) == -EAGAIN);
	check("an offset beyond 2^32 is one: EINVAL",
	      acquire(1ULL << 32, 1, DMABUF_SYNC_ACQUIRE_NONBLOCK) == -EINVAL);
	check("query", query_tells());
	check("change", !change(set, 10, 20) && change(set, 1ULL << 32, 1) == -EINVAL);
	check("release", !release(set) && release(set) == -ENOENT);
	check("queue, event", queued_is_told());
	check("lease", !call(DMABUF_SYNC_IOC_LEASE, &lease) && lease.lease_ms == 1234);
	check("caps", !call(DMABUF_SYNC_IOC_CAPS, &caps) && caps.lease_ms == 1234 &&
	      caps.version == DMABUF_SYNC_VERSION && caps.max_set == DMABUF_SYNC_MAX_SET);
	return failed;
}
