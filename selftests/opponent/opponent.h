/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the scenes of the opponent share. The opponent is one unprivileged user: any number of
 * processes, contexts and buffers of its own, and one buffer that it shares with the victim,
 * which is another unprivileged user. As in st.h, functions return a negative errno and print
 * nothing.
 */
#ifndef _OPPONENT_H
#define _OPPONENT_H

#include "dmabuf_sync_watch.h"
#include "st.h"

#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

#define OP_OPPONENT	64001
#define OP_VICTIM	64002

/* Descriptors that a user of the scenes may have open. */
#define OP_MAX_FILES	65536

/* user.c: processes of the two users */

/*
 * Run @play in a process of @uid, with no privilege left. Descriptors and the memory of
 * st_shared() are shared. What @play returns, 0 .. 127, is the exit status.
 */
pid_t op_start(uid_t uid, int (*play)(void *stage), void *stage);
/* Wait for its end, at most @ms. Return: what @play returned, or a negative errno. */
int op_end_ms(pid_t pid, unsigned int ms);
int op_end(pid_t pid);
/* End it at once, as a crash does. */
void op_kill(pid_t pid);

/* A number in shared memory that only grows: one sets it, the other waits for it. */
void op_reach(int *phase, int value);
bool op_await(int *phase, int value, unsigned int ms);
int op_phase(int *phase);

/*
 * A buffer for somebody who cannot open /dev/udmabuf: desktop users can, and get buffers from
 * drivers besides.
 */
int op_buffer(struct st_buffer *buf, size_t size);
/*
 * @nr accesses of one byte each from @offset on, in one set. Return: the set or a negative errno.
 */
long op_lock_set(int ctx, int fd, uint32_t access, uint64_t offset, unsigned int nr);
/* The same in as many sets as it takes, up to a quota. Return: 0 or a negative errno. */
int op_lock_bytes(int ctx, int fd, uint32_t access, uint64_t offset, unsigned int nr);
/* @nr queued requests for a range. Return: how many were accepted, or a negative errno. */
int op_queue_many(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length,
		  unsigned int nr);
/* Cancel all requests of op_queue_many() in this process, the latest first. */
void op_queue_leave(void);

/* A cgroup of the scene's own. */
#define OP_CGROUP	"/sys/fs/cgroup/dmabuf_sync_opponent"

int op_cgroup_make(void);
int op_cgroup_set(const char *file, const char *value);
/* The value of "key value" in one of its files; -1 if there is none. */
long long op_cgroup_get(const char *file, const char *key);
int op_cgroup_add(pid_t pid);
bool op_cgroup_remove(void);
/* Time that the kernel's worker threads have run since boot, in ns; -1 if not known. */
long long op_workers_ns(void);

/* count.c: what debug builds of the framework count, in parameters of the module */

/* Most steps in trees in one stretch with interrupts off or a spinlock held. */
#define OP_STEPS	"/sys/module/dmabuf_sync/parameters/max_steps"
/* Most steps of one request's searches at a time. */
#define OP_EFFORT	"/sys/module/dmabuf_sync/parameters/max_effort"
/* Looks at requests because something in their way had gone. */
#define OP_LOOKS	"/sys/module/dmabuf_sync/parameters/looks"

/*
 * At most 64 descents of a tree in one stretch, whatever is held, queued or released. The trees
 * here have 20 000 entries at most: none is higher than 32.
 */
#define OP_MAX_STEPS	(64 * 32)

/* Begin to count. Return: 0, or -ENOENT when this build of the framework does not. */
int op_count_reset(const char *count);
/* What was counted since then, or a negative errno. */
long op_count_read(const char *count);

/* irqoff.c: one act of the opponent, and how long interrupts are off in it */

/**
 * struct op_scene - something that the opponent makes, and does
 * @prepare: make it; 0 <= @size <= OP_FULL_SIZE says how much of it, from hardly anything to all
 *	that is allowed. Called in a new process of the opponent.
 * @act: what is measured; @nr counts from 0
 * @nr_acts: how often it can be done
 */
struct op_scene {
	int (*prepare)(unsigned int size);
	int (*act)(unsigned int nr);
	unsigned int nr_acts;
};

#define OP_FULL_SIZE	64
/* This much of @all. */
#define OP_PART(all, size)	((all) * (size) / OP_FULL_SIZE)

/**
 * struct op_irqoff - what came of a scene
 * @size: the full size, or one at which it was too much already
 * @steps: most steps in one stretch, as counted by the framework; -ENOENT: not counted
 * @longest_ns: how long interrupts were off, the median over all acts at @size
 * @where: what had interrupts off, innermost function first
 */
struct op_irqoff {
	unsigned int size;
	long steps;
	int64_t longest_ns;
	char where[488];
};

/* Is there anything by which a scene is judged? */
bool op_irqoff_judged(void);
/* Return: 0, or what the scene said when it could not be made. */
int op_irqoff_run(const struct op_scene *scene, struct op_irqoff *out);
/* Is it not too much? */
bool op_irqoff_bounded(const struct op_irqoff *out);

#define OP_NOT_JUDGED "steps are not counted: there is no " OP_STEPS

/* Needs the harness: tests that have nothing in common but that nothing may be left. */
#define OP_FIXTURE(fixture)							\
	FIXTURE(fixture) { };							\
	FIXTURE_SETUP(fixture) { }						\
	FIXTURE_TEARDOWN(fixture) { EXPECT_TRUE(st_snapshot_becomes_empty()); }	\
	struct op_fixture_##fixture

/* Needs the harness; for all scenes of this kind, if they are judged. */
#define OP_EXPECT_BOUNDED(scene) do {						\
	struct op_irqoff op_out;						\
										\
	ASSERT_EQ(0, op_irqoff_run(scene, &op_out));				\
	TH_LOG("%ld steps in one stretch, at %u/%u of the full size",		\
	       op_out.steps, op_out.size, OP_FULL_SIZE);			\
	TH_LOG("interrupts off for %lld us, in %s",				\
	       (long long)op_out.longest_ns / 1000, op_out.where);		\
	EXPECT_TRUE(op_irqoff_bounded(&op_out));				\
} while (0)

/* cost.c: what a pair costs the victim */

/**
 * struct op_cost - the victim's pairs of acquire and release
 * @alone_ns: CPU time of one beside a process that only keeps the other processors busy
 * @beside_ns: the same beside the opponent
 * @alone_wall_ns: how long one takes, beside the former
 * @beside_wall_ns: and beside the opponent
 */
struct op_cost {
	int64_t alone_ns, beside_ns;
	int64_t alone_wall_ns, beside_wall_ns;
};

/**
 * struct op_rival - what the opponent does meanwhile
 * @prepare: in its process, before it works for the first time; may be NULL
 * @work: again and again, for a while each time; returns 0 or a negative errno
 * @stage: passed to both
 */
struct op_rival {
	int (*prepare)(void *stage);
	int (*work)(void *stage);
	void *stage;
};

/* The victim's pair. Return: 0 or a negative errno. */
typedef int (*op_pair_fn)(void *victim);

int op_cost_measure(const struct op_rival *rival, op_pair_fn pair, void *victim,
		    struct op_cost *cost);
/* At most 1.2 times as much. */
bool op_cost_bounded(const struct op_cost *cost);
/* At most twice as long: time is not as exact as cost is. */
bool op_wait_bounded(const struct op_cost *cost);

#endif /* _OPPONENT_H */
