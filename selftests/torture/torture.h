/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Torture: many owners over few buffers, at random, until somebody sees a rule broken.
 *
 *	slot	one owner after the other, at most TO_SLOTS at a time; its number names it
 *	actor	the thread that plays the owner of a slot, in one of several kinds
 *	worker	a process with some actors; it is stopped, signaled, killed and replaced
 *	arena	what all processes share: the slots, the phase, the first failure
 *	round	a time of action, then a calm in which nothing may be held or wait
 *
 * The main process starts the workers, plagues them (chaos.c) and looks on (watch.c, round.c).
 * What an actor decides comes from its own random numbers, which depend on the seed, the
 * slot and how often the slot's actor was replaced; when it happens is up to the scheduler.
 */
#ifndef _TORTURE_H
#define _TORTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "st.h"

#define TO_BUFS		4
#define TO_CELLS	16
#define TO_SLOTS	64
#define TO_SET		4	/* accesses of a set */
#define TO_HELD		4	/* sets of an owner */
#define TO_WORKER	4	/* actors of a process */
#define TO_FEW		16	/* owners whose accesses are never too many for the engine */

#define to_load(p)	__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define to_store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define to_add(p, v)	__atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define to_swap(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

/* random.c: a stream of numbers that depends on nothing but its seed */
struct to_random {
	uint64_t state;
};

void to_random_seed(struct to_random *random, uint64_t seed);
/* 0 .. below - 1 */
unsigned int to_random_below(struct to_random *random, unsigned int below);
/* True in @percent of all cases. */
bool to_random_percent(struct to_random *random, unsigned int percent);

/* options.c */
struct to_options {
	uint64_t seed;
	unsigned int seconds;
	unsigned int owners;
	unsigned int buffers;
	unsigned int round_ms;
	unsigned int patience_ms;
	const char *kinds;
	bool kill;
	bool throttle;
	bool trace;
};

void to_options_parse(struct to_options *options, int argc, char **argv);

/* set.c: what an owner asks for, in cells */
struct to_want {
	uint8_t buf, first, nr;
	uint8_t access;		/* DMA_BUF_ACCESS_... */
};

struct to_set {
	unsigned int nr;
	struct to_want want[TO_SET];
};

void to_set_pick(struct to_set *set, struct to_random *random, unsigned int nr_bufs);
void to_set_cut(struct to_set *set, struct to_random *random);
bool to_set_conflicts(const struct to_set *a, const struct to_set *b);

/* arena.c */
enum to_phase { TO_RUN, TO_CALM, TO_END };

/* What an actor counts; the sums are shown at the end. */
enum to_count {
	TO_ACQUIRED, TO_REFUSED, TO_TIMED_OUT, TO_INTERRUPTED, TO_DEADLOCKS, TO_TOO_MANY,
	TO_CANCELLED, TO_ABANDONED, TO_FORKS, TO_PASSED, TO_JOBS, TO_FENCES, TO_CROWDS, TO_REVOKED,
	TO_CHANGED,
	TO_NR_COUNTS,
};

/**
 * struct to_notice - a request that its owner made public
 * @version: odd while the rest changes; 0: nothing
 * @active: the request is not over yet
 * @seq: when it was known to be queued; requests that begin later must not be acquired
 *	before it. UINT64_MAX: not known
 * @set: what it asks for
 *
 * Only of owners that hold nothing and wait for nothing else.
 */
struct to_notice {
	uint64_t version;
	bool active;
	uint64_t seq;
	struct to_set set;
};

/**
 * struct to_slot - an owner as the others see it
 * @life: 2 * the number of the present owner, + 1 while it dies by its own will
 * @doomed: its process is to be killed
 * @kind: index of the actor's kind
 * @tid: thread that plays it
 * @waits_ns: since when it waits for an access; 0: it does not
 * @parked: it holds nothing and waits for nothing, for the sake of the calm
 * @notice: its request
 * @counts: what it did
 */
struct to_slot {
	uint32_t life;
	bool doomed;
	unsigned int kind;
	pid_t tid;
	int64_t waits_ns;
	bool parked;
	struct to_notice notice;
	uint64_t counts[TO_NR_COUNTS];
};

struct to_arena {
	struct to_options options;
	struct st_buffer bufs[TO_BUFS];
	bool counted[TO_BUFS];		/* from the test module's exporter, which counts */
	pid_t main_pid;
	enum to_phase phase;
	uint64_t seq, stamp;
	bool failed, told;
	char failure[512];
	struct to_slot slots[TO_SLOTS];
};

struct to_arena *to_arena_create(const struct to_options *options, int test);
void to_arena_destroy(struct to_arena *arena);
/*
 * Somebody broke @rule. The first one is kept. Returns in the main process only: others stay
 * as they are, for the sake of the snapshot.
 */
__attribute__((format(printf, 3, 4)))
void to_fail(struct to_arena *arena, const char *rule, const char *format, ...);

/* cells.c: exclusion, seen by those who rely on it */
struct to_hold {
	uint8_t reads, writes;
	uint64_t stamp;
};

/* actor.c */
struct to_held {
	long name;		/* number of the set, or of the sync object */
	struct to_set set;
};

struct to_actor {
	struct to_arena *arena;
	struct to_slot *slot;
	unsigned int index;
	struct to_random random;
	int fd;			/* context or test module */
	unsigned int nr_held;
	struct to_held held[TO_HELD];
	struct to_hold holds[TO_BUFS][TO_CELLS];
};

/* What a notice of an actor stands for. */
enum to_order {
	TO_NOTHING,	/* there are none */
	TO_QUEUES,	/* a request that waits in its turn */
	TO_PUBLISHES,	/* a fence of a stock driver */
};

/**
 * struct to_kind - a kind of actor
 * @name: for --kinds
 * @order: what its notices are
 * @open: makes what an owner needs. Return: false when that failed
 * @turn: one turn, at the end of which nothing is held and nothing waits
 * @close: takes back @open
 */
struct to_kind {
	const char *name;
	enum to_order order;
	bool (*open)(struct to_actor *actor);
	void (*turn)(struct to_actor *actor);
	void (*close)(struct to_actor *actor);
};

extern const struct to_kind to_context_kind, to_job_kind, to_stock_kind, to_crowd_kind,
			    to_sleeper_kind;

unsigned int to_kind_pick(struct to_random *random, const char *kinds);
const struct to_kind *to_kind_of(unsigned int kind);
void *to_actor_thread(void *arg);
void to_actor_count(struct to_actor *actor, enum to_count what);
/* Stay inside for a while: mostly not at all, at times long. */
void to_actor_linger(struct to_actor *actor);
void to_actor_waits(struct to_actor *actor, bool waits);
unsigned int to_actor_accesses(struct to_actor *actor, const struct to_set *set,
			       struct dmabuf_sync_access *accesses);
/* Remember an acquired set and enter its cells. */
void to_actor_enter(struct to_actor *actor, long name, const struct to_set *set,
		    bool abandoned);
/* Check and leave the cells of a set, forget it. Return: its name. */
long to_actor_leave(struct to_actor *actor, unsigned int i);
/* Another owner in the same slot: the one before dies without releasing. */
void to_actor_die(struct to_actor *actor);
void to_actor_reborn(struct to_actor *actor);

/* cells.c */
uint32_t to_cells_id(const struct to_actor *actor);
void to_cells_enter(struct to_actor *actor, const struct to_set *set, bool abandoned);
void to_cells_check(struct to_actor *actor, const struct to_set *set);
void to_cells_leave(struct to_actor *actor, const struct to_set *set);
/* The stamps of a set that is held and not entered. */
void to_cells_remember(struct to_actor *actor, const struct to_set *set);
/* Take the numbers of dead writers away, which the owner of the set was told of. */
void to_cells_clean(struct to_actor *actor, const struct to_set *set);
/* Has anybody written since? */
bool to_cells_changed(struct to_actor *actor, const struct to_set *set);
/* Does the owner that the slot has had since @life live? */
bool to_slot_lives(struct to_slot *slot, uint32_t life);
/* Only the actor's own notes: another process left the cells in its name. */
void to_cells_forget(struct to_actor *actor, const struct to_set *set);
/* Take the slot's marks as a reader away; those of a dead writer stay. */
void to_cells_scrub(struct to_arena *arena, unsigned int slot);
/* Nothing is held: is anything marked? */
void to_cells_check_empty(struct to_arena *arena);

/* notice.c: order of service */
void to_notice_publish(struct to_actor *actor, const struct to_set *set, bool queued);
void to_notice_withdraw(struct to_actor *actor);
/* A copy of it. Return: false when there is none, or when it changes all the time. */
bool to_notice_read(struct to_slot *slot, struct to_notice *notice);
uint64_t to_notice_begin(struct to_actor *actor);
void to_notice_check(struct to_actor *actor, const struct to_set *set, uint64_t begin);
/* Now, in the order of all notices. */
uint64_t to_fence_begin(struct to_actor *actor);
/* @set was acquired or committed, @what says which; it began at @begin. */
void to_fence_check(struct to_actor *actor, const char *what, const struct to_set *set,
		    uint64_t begin);

/* worker.c */
struct to_worker {
	pid_t pid;
	unsigned int first, nr;
	int64_t stopped_until_ns;
	int64_t throttled_until_ns;
};

struct to_crew {
	struct to_arena *arena;
	unsigned int nr;
	struct to_worker workers[TO_SLOTS];
};

bool to_crew_start(struct to_crew *crew, struct to_arena *arena, struct to_random *random);
void to_crew_replace(struct to_crew *crew, struct to_worker *worker);
/* Notes workers that ended by themselves, which they must not. */
void to_crew_watch(struct to_crew *crew);
/* They end by themselves; or, after a failure, are ended. */
void to_crew_end(struct to_crew *crew);

/* throttle.c: a cgroup in which there is hardly any processor time */
bool to_throttle_start(void);
void to_throttle_add(pid_t pid);
void to_throttle_remove(pid_t pid);
void to_throttle_stop(void);

/* chaos.c */
void to_chaos_turn(struct to_crew *crew, struct to_random *random);
void to_chaos_stop(struct to_crew *crew);

/* watch.c */
void to_watch_turn(struct to_arena *arena);

/* blame.c: why does a request wait? Names the rule that is broken. */
const char *to_blame(struct to_arena *arena, pid_t tid);

/* round.c: everything at rest */
bool to_round_calm(struct to_arena *arena, int test);

/* trace.c: events and their totals, in an instance of our own */
bool to_trace_start(void);
void to_trace_stop(void);
/* How often an event came since the start; -1: the kernel does not count. */
long long to_trace_total(const char *event);
void to_trace_freeze(void);
void to_trace_show(unsigned int lines);

#endif /* _TORTURE_H */
