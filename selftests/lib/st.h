/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the selftests share: buffers, contexts, the snapshot, threads, time.
 *
 * Every function that can fail returns a negative errno and prints nothing: the test
 * decides what a failure means. Nothing in here waits without a bound.
 */
#ifndef _DMABUF_SYNC_ST_H
#define _DMABUF_SYNC_ST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/dmabuf_sync.h>
#include <linux/dmabuf_sync_timeline.h>

#include "dmabuf_sync_test.h"

#define ST_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ST_PAGE			4096UL

/* The bound of everything that must happen, and soon: generous, and more so on slow machines. */
#define ST_SOON_MS		(10000 * st_slowness())
/* Long enough for what must not happen to happen on a slow machine. */
#define ST_WHILE_MS		50

/* time.c */
#define ST_NSEC_PER_MSEC	1000000LL
#define ST_NSEC_PER_SEC		1000000000LL

int64_t st_now_ns(void);
void st_sleep_ms(unsigned int ms);
/* How many times slower than usual the machine is: TIMEOUT_FACTOR of run-tests.sh, or 1. */
unsigned int st_slowness(void);

/*
 * True as soon as the condition is, false when it is not within @ms. Evaluates the
 * condition again and again, a millisecond apart.
 */
#define ST_UNTIL_MS(condition, ms) ({					\
	int64_t st_end_ns = st_now_ns() + (ms) * ST_NSEC_PER_MSEC;	\
	bool st_true;							\
									\
	while (!(st_true = (condition)) && st_now_ns() < st_end_ns)	\
		st_sleep_ms(1);						\
	st_true;							\
})
#define ST_UNTIL(condition)	ST_UNTIL_MS(condition, ST_SOON_MS)
/* True when the condition stays true for a while: the test of what must not change. */
#define ST_STAYS(condition)	(!ST_UNTIL_MS(!(condition), ST_WHILE_MS))

/* file.c */
/* Write to a file that exists, in one piece. Return: 0 or a negative errno. */
int st_file_write(const char *path, const char *text);

/* buffer.c */

/**
 * struct st_buffer - a dma-buf
 * @fd: its descriptor
 * @size: in bytes
 * @map: mapping made by st_buffer_map(), or NULL
 * @ino: inode number, as in the snapshot and in trace events
 */
struct st_buffer {
	int fd;
	size_t size;
	unsigned char *map;
	uint64_t ino;
};

int st_buffer_udmabuf(struct st_buffer *buf, size_t size);
int st_buffer_heap(struct st_buffer *buf, size_t size, int access_mode);
int st_buffer_from_fd(struct st_buffer *buf, int fd);
int st_buffer_map(struct st_buffer *buf);
void st_buffer_close(struct st_buffer *buf);
/* A DRM device of vgem, whose module is loaded if need be. Return: its file, or -ENOENT. */
int st_vgem_open(void);

/* context.c */
int st_context_open(void);

struct dmabuf_sync_access st_access(int fd, uint32_t mode, uint64_t offset,
				    uint64_t length);

/*
 * The raw call. @out gets @set and @status when it is not NULL.
 * Return: 0 or a negative errno.
 */
int st_acquire(int ctx, const struct dmabuf_sync_access *accesses,
	       unsigned int nr_accesses, uint32_t flags, int64_t deadline_ns,
	       uint64_t user_data, struct dmabuf_sync_acquire *out);
/* Acquire one range, a whole buffer, or many. Return: the set, or a negative errno. */
long st_lock(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length,
	     uint32_t flags);
long st_lock_all(int ctx, int fd, uint32_t access, uint32_t flags);
long st_lock_set(int ctx, const struct dmabuf_sync_access *accesses,
		 unsigned int nr_accesses, uint32_t flags);
/* The same with an end: the deadline is @ms from now. */
long st_lock_ms(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length,
		unsigned int ms);
int st_release(int ctx, long set);
/* Replace what a set consists of. @status is filled in when it is not NULL. */
int st_change(int ctx, long set, const struct dmabuf_sync_access *accesses,
	      unsigned int nr_accesses, uint32_t flags, int64_t deadline_ns, uint32_t *status);
/* The same by one range. */
int st_change_one(int ctx, long set, int fd, uint32_t access, uint64_t offset, uint64_t length,
		  uint32_t flags);

/* Is an event there to be read within @ms? 0: only look. */
bool st_event_pending(int ctx, unsigned int ms);
/* Read one event, waiting for it at most @ms. Return: 0, -ETIMEDOUT, or an errno. */
int st_event_read(int ctx, struct dmabuf_sync_event *event, unsigned int ms);
/* Wait for the event of @set and return its result; other events are dropped. */
int st_event_result(int ctx, long set);

/* The raw call, and its argument. Return: 0 or a negative errno. */
struct dmabuf_sync_query st_query_of(int fd, struct dmabuf_sync_info *infos, unsigned int max);
int st_query_call(int ctx, struct dmabuf_sync_query *query);
/* What @waiter waits for, in @infos (up to @max). Return: how many of them, or a negative errno. */
int st_query_blockers(int ctx, int fd, const struct dmabuf_sync_info *waiter,
		      struct dmabuf_sync_info *infos, unsigned int max);
/* Accesses of the buffer in @infos (up to @max). Return: how many there are. */
int st_query(int ctx, int fd, struct dmabuf_sync_info *infos, unsigned int max);
/* How many accesses of the buffer are in @state (0: any). */
int st_query_count(int ctx, int fd, uint32_t state);

/* snapshot.c */

/* One line of the debugfs snapshot. Strings are cut to their arrays. */
struct st_snap {
	bool edge;
	uint64_t ino, access, owner;
	/* type=access */
	char exporter[32], kind[16], mode[8], agent[8], state[16], fence[48], comm[64];
	char driver[32], timeline[32];
	uint64_t size, start, len, since_ns, began_ns;
	uint32_t tgid, tid;
	/* type=edge */
	uint64_t blocker, blocker_owner;
	uint32_t queued;
};

#define ST_SNAPSHOT	"/sys/kernel/debug/dmabuf_sync/accesses"

/*
 * The snapshot's lines of buffer @ino (0: of all buffers), up to @max in @snaps.
 * Return: how many there are, or a negative errno; -EBADMSG for a line that is not
 * of the documented form.
 */
int st_snapshot(uint64_t ino, struct st_snap *snaps, unsigned int max);
/* How many accesses of the buffer are in state @state (NULL: any). */
int st_snapshot_count(uint64_t ino, const char *state);
/* How many edges the buffer has. */
int st_snapshot_edges(uint64_t ino);
/* Nothing is held and nobody waits, anywhere; waits for that at most ST_SOON_MS. */
bool st_snapshot_becomes_empty(void);

/* task.c */

/* The most memory that this process had up to now. */
long st_peak_kb(void);

/**
 * struct st_call - a blocking acquire, or change, in a thread of its own
 * @ctx: the owner
 * @set: the set that is to be changed, or 0
 * @deadline_ns: as in struct dmabuf_sync_acquire
 * @accesses: the set
 * @nr_accesses: entries of @accesses in use
 * @tid: of the thread
 * @done: the call returned
 * @result: the set, or a negative errno, once @done
 * @status: from struct dmabuf_sync_acquire
 * @done_ns: when the call returned
 * @thread: the thread
 */
struct st_call {
	int ctx;
	long set;
	int64_t deadline_ns;
	struct dmabuf_sync_access accesses[8];
	unsigned int nr_accesses;
	pid_t tid;
	bool done;
	long result;
	uint32_t status;
	int64_t done_ns;
	pthread_t thread;
};

/* Start the call. Returns when the thread runs, which may be before it waits. */
int st_call_start(struct st_call *call, int ctx, const struct dmabuf_sync_access *accesses,
		  unsigned int nr_accesses, int64_t deadline_ns);
int st_call_lock(struct st_call *call, int ctx, int fd, uint32_t access,
		 uint64_t offset, uint64_t length);
/* A change of @set to the range. */
int st_call_change(struct st_call *call, int ctx, long set, int fd, uint32_t access,
		   uint64_t offset, uint64_t length, int64_t deadline_ns);
bool st_call_done(const struct st_call *call);
/* The same for the whole buffer, in whose queue it is when this returns. */
int st_call_wait(struct st_call *call, int ctx, int fd, uint32_t access);
/* Wait for the end of the call. Return: its result, or -ETIME when it does not end. */
long st_call_end(struct st_call *call);
/* Interrupt a call that waits. Return: as st_call_end(), and so -EINTR. */
long st_call_quit(struct st_call *call);
/* Send the thread a signal that has a handler (and no SA_RESTART). */
int st_call_interrupt(struct st_call *call);

/* State letter of a task, from /proc: 'S' sleeps, 'R' runs; 0 when it is gone. */
char st_task_state(pid_t tid);

/* Memory that children share with the test. Freed at exit. */
void *st_shared(size_t size);
/* A barrier in st_shared() memory, for threads and processes alike. */
int st_barrier_init(pthread_barrier_t *barrier, unsigned int nr_tasks);

/* fork(), but the child does not outlive the test. */
pid_t st_fork(void);
/* Wait for a child, at most ST_SOON_MS. Return: wait status, or -ETIME (it is killed). */
int st_child_wait(pid_t pid);

/* Hand a descriptor over a socket. */
int st_fd_send(int sock, int fd);
int st_fd_receive(int sock);

/* module.c */
/* The framework is part of the kernel: it can be neither unloaded nor loaded otherwise. */
bool st_framework_is_built_in(void);
/* Users of a module: open files, modules that need it, ... Return: or a negative errno. */
int st_module_users(const char *name);
/*
 * Load a module from DMABUF_SYNC_MODULES, as run-tests.sh sets it. Return: 0, -ENOENT when
 * that is not set, -EINVAL when the module could not be loaded.
 */
int st_module_load(const char *name, const char *args);
/* Unload a module that may be in use a little longer. Return: true when it is gone. */
bool st_module_unload(const char *name);

/* testmod.c: what dmabuf_sync_test.ko does; see dmabuf_sync_test.h */
int st_test_open(void);
/* End of any object: a sync object, a single, a fence, a held resv. */
int st_test_destroy(int test, long id);

/* A driver's sync object, call by call. Return: its number, or a negative errno. */
long st_sync_new(int test);
int st_sync_get(int test, long id, int fd, uint32_t access, uint64_t offset,
		uint64_t length);
/* @fd -1: dmabuf_sync_put_all(). */
int st_sync_put(int test, long id, int fd);
int st_sync_lock(int test, long id, uint32_t how, uint64_t timeout_ns);
int st_sync_lock_async(int test, long id, uint32_t ready, long fence);
/* -ETIME: the callback was not called within @ms. */
int st_sync_wait(int test, long id, unsigned int ms, struct dst_wait *wait);
/* Wait for the callback. Return: what it was told, or -ETIME. */
int st_sync_result(int test, long id);
int st_sync_commit(int test, long id, long fence);
/* A new object that follows other jobs. Return: its number, or a negative errno. */
long st_sync_follower(int test);
/* @after, which may be NULL, has what is told. Return: how many fences, or a negative errno. */
int st_sync_commit_after(int test, long id, long fence, struct dst_after *after);
int st_sync_unlock(int test, long id, uint32_t where);
/* The same by a driver that has written nothing. */
int st_sync_unlock_unwritten(int test, long id, uint32_t where);
/* 1: cancelled, 0: it was too late, or a negative errno. */
int st_sync_cancel(int test, long id);
int st_sync_abandoned(int test, long id);
/* A new sync object with one range, locked with DST_LOCK_WAIT or _TRY. */
long st_sync_locked(int test, int fd, uint32_t access, uint64_t offset, uint64_t length,
		    uint32_t how);
long st_single_lock(int test, int fd, uint32_t access, bool wait);

/* A fence. @fence may be NULL. Return: its number, or a negative errno. */
long st_fence_new(int test, struct dst_fence *fence);
int st_fence_publish(int test, long id, int fd, uint32_t usage);
int st_fence_signal(int test, long id, uint32_t where, int error, unsigned int delay_ms);
/* How many fences of the buffer's resv are not signaled, of @usage and what it includes. */
int st_resv_count(int test, int fd, uint32_t usage);
/* A new fence in the resv of the buffer, as a stock driver puts it there. */
long st_fence_stock(int test, int fd, uint32_t usage);

/*
 * The resv's lock, held by a stock driver for @ms or until st_test_destroy(); with @in_ctx
 * through an acquire context.
 */
long st_resv_hold(int test, int fd, unsigned int ms, bool in_ctx);

/* A buffer whose exporter counts, and fails when told to. */
int st_buffer_test(int test, struct st_buffer *buf, size_t size, int access_mode);
int st_buffer_count(int test, const struct st_buffer *buf, struct dst_count *count);
int st_buffer_fault(int test, const struct st_buffer *buf, unsigned int nr, int error,
		    unsigned int delay_ms);
int st_buffer_fault_end(int test, const struct st_buffer *buf, unsigned int nr, int error);
/*
 * A buffer whose device has a copy of its own, and is moved by the test. st_device_differ() tells
 * how many bytes of the range are not @value, or a negative errno.
 */
int st_buffer_bounce(int test, struct st_buffer *buf, size_t size);
int st_device_write(int test, const struct st_buffer *buf, uint64_t offset, uint64_t length,
		    uint8_t value);
int st_device_differ(int test, const struct st_buffer *buf, uint64_t offset, uint64_t length,
		     uint8_t value);

/* trace.c */

/**
 * struct st_trace - a trace event of dmabuf_sync
 * @name: its name without "dmabuf_sync_"
 * @fields: " key=value key=value ..."
 */
struct st_trace {
	char name[32];
	char fields[480];
};

/* Record all events of dmabuf_sync from now on, apart from whoever else is tracing. */
int st_trace_start(void);
void st_trace_stop(void);
/* Record "system/event", too. Return: 0, or a negative errno: -ENOENT if there is none. */
int st_trace_also(const char *event);
/* How many recorded lines have @text in them, or a negative errno. */
int st_trace_lines(const char *text);
/* What was recorded, oldest first, up to @max. Return: how many, or a negative errno. */
int st_trace_read(struct st_trace *events, unsigned int max);
/* The value of a key. Return: false when the event has no such key. */
bool st_trace_text(const struct st_trace *event, const char *key, char *value, size_t size);
/* The same as a number; -1 when there is none. */
long long st_trace_number(const struct st_trace *event, const char *key);

/* world.c */
#define ST_WORLD		8
#define ST_WORLD_PAGES		4

/**
 * struct st_world - what most tests begin with
 * @buf: buffers of ST_WORLD_PAGES pages
 * @ctx: contexts
 * @test: the test module
 */
struct st_world {
	struct st_buffer buf[ST_WORLD];
	int ctx[ST_WORLD];
	int test;
};

int st_world_open(struct st_world *world);
/* Return: true when nothing is held and nobody waits afterwards. */
bool st_world_close(struct st_world *world);
/* End the owner, begin another. */
void st_context_reopen(int *ctx);

/**
 * struct st_owner - an owner of either kind, for tests that are the same for both
 * @driver: sync objects of the test module, each request one; else a context
 * @agent: DMA_BUF_ACCESS_DMA or 0, added to a driver's accesses
 * @fd: the context, or the test module
 */
struct st_owner {
	bool driver;
	uint32_t agent;
	int fd;
};

/* A request without waiting. Return: what names it, or a negative errno. */
long st_owner_try(const struct st_owner *owner, int fd, uint32_t access, uint64_t offset,
		  uint64_t length);
/* A request whose end is told later. Return: what names it, or a negative errno. */
long st_owner_queue(const struct st_owner *owner,
		    const struct dmabuf_sync_access *accesses, unsigned int nr_accesses);
/* Its end: 0 or a negative errno; -ETIME, -ETIMEDOUT when there is none. */
int st_owner_result(const struct st_owner *owner, long id);
/* It has not ended yet. */
bool st_owner_pending(const struct st_owner *owner, long id);
/* Release or cancel it. */
int st_owner_release(const struct st_owner *owner, long id);

/* lease.c: the system's lease in milliseconds, 0 where there is none. */
unsigned int st_lease_get(void);
/* Return: 0 or a negative errno. */
int st_lease_set(unsigned int ms);
/* A lease to wait for the end of, and one that no test lives to see the end of. */
#define ST_LEASE_SHORT_MS	100
#define ST_LEASE_LONG_MS	3600000
/* As long as several short leases. */
#define ST_LEASE_STAYS(condition) (!ST_UNTIL_MS(!(condition), 6 * ST_LEASE_SHORT_MS))
/*
 * Acquire a whole buffer that nobody releases. @status, as of the call, may be NULL. Return: the
 * set, or a negative errno: -ETIME when no lease ends.
 */
long st_lease_wait(int ctx, int fd, uint32_t access, uint32_t *status);
/* What a context promises. Return: what holds then, or a negative errno. */
int st_lease_promise(int ctx, unsigned int ms);

/* timeline.c */

/* A timeline that can be signaled, one that can be waited for. Return: or a negative errno. */
int st_timeline_new(int ctx, uint64_t value);
int st_timeline_waiter(int timeline, uint64_t point);
int st_timeline_signal(int timeline, uint64_t point);
/* Say which point poll() is about. */
int st_timeline_aim(int timeline, uint64_t point);
int st_timeline_query(int timeline, struct dmabuf_sync_timeline_query *query);
int64_t st_timeline_value(int timeline);
struct dmabuf_sync_point st_point(int timeline, uint32_t flags, uint64_t point);
/* The raw call, on the first one of @points. @index may be NULL. */
int st_timeline_wait(const struct dmabuf_sync_point *points, unsigned int nr_points,
		     uint32_t flags, int64_t deadline_ns, uint32_t *index);
int st_timeline_wait_one(int timeline, uint64_t point, uint32_t flags, int64_t deadline_ns);
/* What poll() says within @ms: POLL... bits. */
int st_timeline_poll(int timeline, unsigned int ms);
/* The number behind a key in fdinfo of a descriptor; -ENOENT when there is none. */
long st_fdinfo_number(int fd, const char *key);

/**
 * struct st_wait - a wait for points in a thread of its own
 * @points: the points
 * @nr_points: entries of @points in use
 * @flags: as in struct dmabuf_sync_wait
 * @deadline_ns: likewise
 * @tid: of the thread
 * @done: the call returned
 * @result: 0 or a negative errno, once @done
 * @index: as in struct dmabuf_sync_wait, once @done
 * @done_ns: when the call returned
 * @thread: the thread
 */
struct st_wait {
	struct dmabuf_sync_point points[8];
	unsigned int nr_points;
	uint32_t flags;
	int64_t deadline_ns;
	pid_t tid;
	bool done;
	int result;
	uint32_t index;
	int64_t done_ns;
	pthread_t thread;
};

/* Start the call. Returns when the first timeline has one more who waits. */
int st_wait_start(struct st_wait *wait, const struct dmabuf_sync_point *points,
		  unsigned int nr_points, uint32_t flags, int64_t deadline_ns);
bool st_wait_done(const struct st_wait *wait);
/* Wait for the end of the call. Return: its result, or -ETIME when it does not end. */
int st_wait_end(struct st_wait *wait);

/* As st_acquire(), with points; and for one whole buffer: the set, or a negative errno. */
int st_acquire_points(int ctx, const struct dmabuf_sync_access *accesses,
		      unsigned int nr_accesses, uint32_t flags, int64_t deadline_ns,
		      const struct dmabuf_sync_point *points, unsigned int nr_points,
		      struct dmabuf_sync_acquire *out);
long st_lock_points(int ctx, int fd, uint32_t access, uint32_t flags,
		    const struct dmabuf_sync_point *points, unsigned int nr_points);

/* faults.c */

/**
 * struct st_faults - a page that is missing until the test fills it
 * @page: whoever touches it sleeps until then
 * @fd: the userfaultfd
 */
struct st_faults {
	void *page;
	int fd;
};

bool st_faults_are_supported(void);
/* Return: 0 or a negative errno. */
int st_faults_open(struct st_faults *faults);
void st_faults_close(struct st_faults *faults);
/* Has somebody begun to sleep there, since the last time this said so? */
bool st_faults_pending(const struct st_faults *faults);
/* Let them go on. */
void st_faults_fill(const struct st_faults *faults);
/* It is missing again. */
void st_faults_again(const struct st_faults *faults);

/* What the linker makes of alarm(), and what it takes instead: alarm.c. */
unsigned int __real_alarm(unsigned int seconds);
unsigned int __wrap_alarm(unsigned int seconds);

#endif /* _DMABUF_SYNC_ST_H */
