/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dmasync-top's BPF programs and dmasync-top itself share: the values of
 * the maps, the events of the rings, the counters of the data section. Needs no
 * other header; all sizes are the same for every compiler and target.
 */
#ifndef DMASYNC_TOP_H
#define DMASYNC_TOP_H

typedef unsigned short top_u16;
typedef unsigned int top_u32;
typedef int top_s32;
typedef unsigned long long top_u64;
typedef long long top_s64;

#define TOP_COMM_LEN	16
#define TOP_COMM_WORDS	(TOP_COMM_LEN / sizeof(top_u64))
#define TOP_NAME_LEN	32
/* Fence contexts whose names are kept. */
#define TOP_NR_TIMELINES	1024
/* Kinds of buffers that are gone: the others are summed as one. */
#define TOP_NR_CLASSES	256
/* Calls of DMA_BUF_IOCTL_SYNC at once. */
#define TOP_NR_SYNCS	1024
/* Threads by process and name, and engines, of which counters are kept. */
#define TOP_NR_USERS	4096
/* Pairs of a waiter and who is in its way, and buffers that are known of each. */
#define TOP_NR_BLAMES	1024
#define TOP_BLAME_BUFFERS	16
/* Accesses that are over and were never seen before: so many are remembered. */
#define TOP_NR_OVER	4096
/* Blockers kept per waiting access: the latest ones. */
#define TOP_NR_EDGES	16

/* The kernel's numbers in the events. */
enum top_agent {
	TOP_AGENT_CPU = 0,
	TOP_AGENT_DMA = 1,
};

/* Beside the kernel's kinds of owners: a process whose CPU access the kernel itself was told of. */
#define TOP_KIND_CPU	5

/* In the order in which an access goes through them. */
enum top_state {
	TOP_STATE_NONE,		/* being filled in: not there yet */
	TOP_STATE_REQUESTED,	/* asked for, nobody known to be in the way */
	TOP_STATE_BEHIND_CPU,	/* blocked on others, see struct top_entry: on a CPU access, */
	TOP_STATE_BEHIND_DMA,	/* on a DMA access */
	TOP_STATE_HELD,
	TOP_STATE_COMMITTED,	/* held by a DMA job that its engine has not begun yet */
	TOP_STATE_RUNNING,	/* the engine works on it */
	TOP_STATE_SIGNALED,	/* the job is done, the release follows */
	TOP_STATE_GONE,		/* accounted as released: being removed */
};

/* Who waits, behind whom: @waiter and @holder are of enum top_agent. */
#define TOP_PAIR(waiter, holder)	(2 * (waiter) + (holder))
#define TOP_NR_PAIRS			4

/**
 * struct top_edge - an access that is in the way of another one
 * @blocker: its access id; 0: this slot is unused
 * @owner: its owner
 * @kind: kind of its owner
 * @tgid: process
 * @tid: thread
 * @queued: it is not held, but queued ahead
 * @known: the map of accesses had it when it was told; so if it has not, it is over
 */
struct top_edge {
	top_u64 blocker;
	top_u64 owner;
	top_u32 kind;
	top_u32 tgid;
	top_u32 tid;
	top_u16 queued;
	top_u16 known;
};

/**
 * struct top_access - an access from its request to its release
 * @ino: buffer
 * @owner: owner id
 * @start: first byte
 * @len: bytes
 * @since_ns: CLOCK_MONOTONIC time of the request or, once held, the acquisition
 * @counted_ns: when this entry was made; see @born_ns of struct top_buffer
 * @fence_context: fence of the job, from TOP_STATE_COMMITTED on
 * @fence_seqno: likewise
 * @wait_context: while @fence_wait: the stock driver's fence it waits for
 * @wait_seqno: likewise
 * @waited_ns: how long the access wait was, when it was @contended
 * @contended: 1 + TOP_PAIR() of the access wait, once it is over; 0: there was none
 * @state: enum top_state; the last member that is written when an access is new
 * @kind: kind of the owner
 * @tgid: process
 * @tid: thread
 * @mode: 1 read, 2 write, 3 both
 * @agent: enum top_agent
 * @fence_wait: held, but waits for a fence that a stock driver has in the resv
 * @passes: it is one of those that the filters let pass
 * @nr_edges: blockers it had so far
 * @ended: without the module: somebody ends it, or has
 * @comm: task name, empty when not known
 */
struct top_access {
	top_u64 ino;
	top_u64 owner;
	top_u64 start;
	top_u64 len;
	top_u64 since_ns;
	top_u64 counted_ns;
	top_u64 fence_context;
	top_u64 fence_seqno;
	top_u64 wait_context;
	top_u64 wait_seqno;
	top_u64 waited_ns;
	top_u32 contended;
	top_u32 state;
	top_u32 kind;
	top_u32 tgid;
	top_u32 tid;
	top_u32 mode;
	top_u32 agent;
	top_u16 fence_wait;
	top_u16 passes;
	top_u32 nr_edges;
	top_u32 ended;
	char comm[TOP_COMM_LEN];
};

/**
 * struct top_party - a waiter, or who is in its way
 * @context: fence context, when it is a job; 0: it is none
 * @tgid: process, 0 when not known
 * @reserved: 0
 * @comm: name of the thread that made the request, empty when not known
 */
struct top_party {
	top_u64 context;
	top_u32 tgid;
	top_u32 reserved;
	char comm[TOP_COMM_LEN];
};

/**
 * struct top_behind - whose fault it is that a request waits
 * @blocker: access id; 0: it was told of nobody
 * @blamed_ns: time of this wait that others before were at fault for
 * @queued: it is not held, but queued ahead
 * @known: the map of accesses had it; so if it has not, it is over
 * @party: who it is
 */
struct top_behind {
	top_u64 blocker;
	top_u64 blamed_ns;
	top_u32 queued;
	top_u32 known;
	struct top_party party;
};

/**
 * struct top_entry - an access and its blockers; key: access id
 * @access: the access; the first member
 * @behind: one of them
 * @edges: blocker number N is in [N % TOP_NR_EDGES]; valid while the access is
 *	queued, and as long as the blocker exists
 */
struct top_entry {
	struct top_access access;
	struct top_behind behind;
	struct top_edge edges[TOP_NR_EDGES];
};

/* What there can be users of; TOP_USE_WAIT + TOP_PAIR(): requests that wait. */
enum top_use {
	TOP_USE_CPU,		/* CPU accesses that are held */
	TOP_USE_DMA,		/* jobs that run */
	TOP_USE_QUEUE,		/* jobs that their engine has not begun */
	TOP_USE_WAIT,
	TOP_NR_USES = TOP_USE_WAIT + TOP_NR_PAIRS,
};

/*
 * Times that are measured. Those from TOP_TIME_LOST on exclude each other and TOP_TIME_BOTH:
 * while the CPU and DMA do not both work, each is the time in which this is the reason.
 */
enum top_time {
	TOP_TIME_CPU,		/* the CPU works: some TOP_USE_CPU */
	TOP_TIME_DMA,		/* DMA does */
	TOP_TIME_QUEUE,		/* some job is queued in its engine */
	TOP_TIME_BOTH,		/* the CPU and DMA work */
	TOP_TIME_LOST,
	TOP_TIME_DMA_FOR_CPU = TOP_TIME_LOST,	/* DMA would, but waits for the CPU */
	TOP_TIME_ENGINE,	/* DMA would, but waits for its turn */
	TOP_TIME_CPU_FOR_DMA,	/* the CPU would, but waits for DMA */
	TOP_TIME_CPU_FOR_CPU,	/* more CPUs would */
	TOP_NR_TIMES,
};

/**
 * struct top_busy - for how long accesses were held, jobs ran, requests waited
 * @state: which uses have users now, TOP_USE_BITS of them for each; more than TOP_USE_NONE:
 *	it has
 * @users: how many, by enum top_use
 * @ns: by enum top_time; see busy.bpf.h how to read it
 */
struct top_busy {
	top_u64 state;
	top_u32 users[TOP_NR_USES + 1];
	top_s64 ns[TOP_NR_TIMES];
};

#define TOP_USE_BITS	9
#define TOP_USE_MASK	((1ULL << TOP_USE_BITS) - 1)
#define TOP_USE_NONE	(1ULL << (TOP_USE_BITS - 1))
/* Nobody uses anything. */
#define TOP_BUSY_REST	(TOP_USE_NONE | TOP_USE_NONE << TOP_USE_BITS |		\
			 TOP_USE_NONE << 2 * TOP_USE_BITS |			\
			 TOP_USE_NONE << 3 * TOP_USE_BITS |			\
			 TOP_USE_NONE << 4 * TOP_USE_BITS |			\
			 TOP_USE_NONE << 5 * TOP_USE_BITS |			\
			 TOP_USE_NONE << 6 * TOP_USE_BITS)

/* Sets of uses that have users: bits, by enum top_use. */
#define TOP_NR_USE_SETS		(1 << TOP_NR_USES)

/* Those that have in a state. Without branches: see busy.bpf.h. */
static inline top_u32 top_busy_set(top_u64 state)
{
	top_u32 set = 0, use;

	for (use = 0; use < TOP_NR_USES; use++)
		set |= ((state >> use * TOP_USE_BITS & TOP_USE_MASK) + TOP_USE_NONE - 1) >>
		       TOP_USE_BITS << use;
	return set;
}

static inline top_u32 top_busy_uses(top_u32 set, unsigned int use)
{
	return set >> use & 1;
}

static inline top_u32 top_busy_waits(top_u32 set, unsigned int waiter, unsigned int holder)
{
	return top_busy_uses(set, TOP_USE_WAIT + TOP_PAIR(waiter, holder));
}

/* Why do the CPU and DMA not both work? 0: there is nothing to do. */
static inline top_u32 top_busy_lost(top_u32 set, top_u32 cpu, top_u32 dma)
{
	if (!dma && top_busy_waits(set, TOP_AGENT_DMA, TOP_AGENT_CPU))
		return 1 << TOP_TIME_DMA_FOR_CPU;
	if (!dma && (top_busy_uses(set, TOP_USE_QUEUE) ||
		     top_busy_waits(set, TOP_AGENT_DMA, TOP_AGENT_DMA)))
		return 1 << TOP_TIME_ENGINE;
	if (!cpu && top_busy_waits(set, TOP_AGENT_CPU, TOP_AGENT_DMA))
		return 1 << TOP_TIME_CPU_FOR_DMA;
	if (top_busy_waits(set, TOP_AGENT_CPU, TOP_AGENT_CPU))
		return 1 << TOP_TIME_CPU_FOR_CPU;
	return 0;
}

/* The times that pass while these have users: bits, by enum top_time. */
static inline top_u32 top_busy_times(top_u32 set)
{
	top_u32 cpu = top_busy_uses(set, TOP_USE_CPU);
	top_u32 dma = top_busy_uses(set, TOP_USE_DMA);

	return cpu << TOP_TIME_CPU | dma << TOP_TIME_DMA |
	       top_busy_uses(set, TOP_USE_QUEUE) << TOP_TIME_QUEUE |
	       (cpu && dma ? 1 << TOP_TIME_BOTH : top_busy_lost(set, cpu, dma));
}

/*
 * The longest wait of a window, in one word, so that it can be replaced
 * atomically: the number of the window above, the time below (up to 4.8 hours).
 * Windows take turns with two such words: one is read, the other one written.
 */
#define TOP_MAX_BITS		44
#define TOP_MAX_NS		((1ULL << TOP_MAX_BITS) - 1)
#define TOP_MAX_WINDOW(max)	((max) >> TOP_MAX_BITS)
#define TOP_MAX_TAG(window)	((window) & ((1U << (64 - TOP_MAX_BITS)) - 1))

/**
 * struct top_counters - what happened, on a buffer or on all of them; all growing
 * @acquired: accesses acquired
 * @contended: of these, how many were blocked on another access first
 * @failed: requests that ended without the access
 * @deadlocks: edges that would have closed a cycle
 * @abandoned: write accesses that ended with their owner
 * @revoked: accesses whose lease was over, while others waited for them
 * @backoffs: acquire contexts that had to begin again
 * @released: accesses released, abandoned and revoked ones included; by enum top_agent
 * @hold_ns: hold times of these
 * @waits: waits that ended: of the @contended, and of requests that gave up; by TOP_PAIR()
 * @wait_ns: how long they were
 * @syncs: of the @waits, those of DMA_BUF_IOCTL_SYNC: the CPU behind DMA
 * @sync_ns: how long these were
 * @wait_max: longest wait of window N: in [N % 2], see TOP_MAX_BITS; the last member
 */
struct top_counters {
	top_u64 acquired;
	top_u64 contended;
	top_u64 failed;
	top_u64 deadlocks;
	top_u64 abandoned;
	top_u64 revoked;
	top_u64 backoffs;
	top_u64 released[2];
	top_u64 hold_ns[2];
	top_u64 waits[TOP_NR_PAIRS];
	top_u64 wait_ns[TOP_NR_PAIRS];
	top_u64 syncs;
	top_u64 sync_ns;
	top_u64 wait_max[2];
};

/* All members up to @wait_max are sums. */
#define TOP_NR_SUMS	(sizeof(struct top_counters) / sizeof(top_u64) - 2)

/**
 * struct top_timeline - what a fence context is called; key: its number
 * @driver: the driver's name
 * @name: the timeline's, as of the engine
 */
struct top_timeline {
	char driver[16];
	char name[TOP_NAME_LEN];
};

/**
 * struct top_class - what buffers that are gone are summed by
 * @exporter: where they came from
 * @name: DMA_BUF_SET_NAME; may be empty
 */
struct top_class {
	char exporter[TOP_NAME_LEN];
	char name[TOP_NAME_LEN];
};

/**
 * struct top_identity - what a buffer is, as its first user found it; key: inode number
 * @size: bytes
 * @class: its exporter and name
 */
struct top_identity {
	top_u64 size;
	struct top_class class;
};

/**
 * struct top_sync - a call of DMA_BUF_IOCTL_SYNC; key: thread and process, as BPF numbers them
 * @ino: buffer
 * @since_ns: when it began
 * @context: fence that it waits for, or waited for last; 0: there was none
 * @seqno: likewise
 * @mode: as in struct top_access
 * @counted: it waits, which is in the sums
 * @has_buffer: also in those of the buffer
 * @reserved: 0
 * @comm: the thread's name
 */
struct top_sync {
	top_u64 ino;
	top_u64 since_ns;
	top_u64 context;
	top_u64 seqno;
	top_u32 mode;
	top_u32 counted;
	top_u32 has_buffer;
	top_u32 reserved;
	char comm[TOP_COMM_LEN];
};

/**
 * struct top_buffer - a buffer; key: inode number
 * @born_ns: when this entry was made; accesses whose entries are older are not in @busy
 * @count: counters
 * @busy: times of use
 * @class: its exporter and name, once it is @gone
 * @tgid: process that acquired last
 * @window: number of the window in which this entry was made
 * @gone: nobody has the buffer any more; the tool reads this entry once more
 * @reserved: 0
 */
struct top_buffer {
	top_u64 born_ns;
	struct top_counters count;
	struct top_busy busy;
	struct top_class class;
	top_u32 tgid;
	top_u32 window;
	top_u32 gone;
	top_u32 reserved;
};

/**
 * struct top_gone - buffers that came and went within a window; key: struct top_class
 * @count: their counters
 * @nr_buffers: how many
 */
struct top_gone {
	struct top_counters count;
	top_u64 nr_buffers;
};

struct top_blame_key {
	struct top_party waiter;
	struct top_party holder;
};

/**
 * struct top_blame - waits that are over, of one party because of another one
 * @waits: how many; one that several were at fault for counts at each
 * @wait_ns: how long
 * @max_ns: the longest one
 * @more_inos: there are more buffers than @inos has room for
 * @inos: on which buffers; 0: none
 */
struct top_blame {
	top_u64 waits;
	top_u64 wait_ns;
	top_u64 max_ns;
	top_u64 more_inos;
	top_u64 inos[TOP_BLAME_BUFFERS];
};

/* By what waits that are over are told apart in histograms. */
enum top_waits_by {
	TOP_WAITS_OFF,		/* there are none */
	TOP_WAITS_ALL,		/* not at all */
	TOP_WAITS_EXPORTER,
	TOP_WAITS_NAME,
};

/* Kinds of buffers by kinds of waits; the others are summed as one kind of buffer. */
#define TOP_NR_WAIT_KEYS	1024
/* Bucket N has waits of up to TOP_WAIT_BUCKET_NS(N), the last one all that are longer. */
#define TOP_NR_WAIT_BUCKETS	15
#define TOP_WAIT_BUCKET_NS(n)	(1024ULL << 2 * (n))

/**
 * struct top_wait_key - which waits
 * @class: exporter or name of the buffers, as enum top_waits_by says; zero bytes behind it
 * @pair: TOP_PAIR()
 * @others: of all buffers for whose class there was no room; @class is empty
 */
struct top_wait_key {
	char class[TOP_NAME_LEN];
	top_u32 pair;
	top_u32 others;
};

/**
 * struct top_waits - waits that are over
 * @buckets: how many, by how long they were
 * @ns: how long all of them were
 */
struct top_waits {
	top_u64 buckets[TOP_NR_WAIT_BUCKETS];
	top_u64 ns;
};

enum top_user_kind {
	TOP_USER_TASK,
	TOP_USER_ENGINE,
};

/**
 * struct top_user - who uses buffers; key: itself
 * @kind: enum top_user_kind
 * @tgid: of a task: its process
 * @name: of the thread, or of the timeline of an engine; zero bytes behind it
 * @driver: of an engine: its driver
 */
struct top_user {
	top_u32 kind;
	top_u32 tgid;
	char name[TOP_NAME_LEN];
	char driver[16];
};

/**
 * struct top_lost - what could not be kept, by the place that was full
 * @accesses: requests that are missing as waiters, and later as holders
 * @buffers: events of buffers that found no place; the sums of all buffers have them
 * @edges: blockers that still blocked when a later one took their slot
 * @events: events that found their ring full
 */
struct top_lost {
	top_u64 accesses;
	top_u64 buffers;
	top_u64 edges;
	top_u64 events;
};

enum top_event_type {
	TOP_EVENT_DEADLOCK = 1,	/* request refused: it would close a cycle */
	TOP_EVENT_FAILED,	/* request ended with an error nobody asked for */
	TOP_EVENT_ABANDONED,	/* a write access ended with its owner */
	TOP_EVENT_JOB_FAILED,	/* a DMA job's fence signaled with an error */
	TOP_EVENT_LONG_WAIT,	/* a wait was longer than the tool was told to expect */
	TOP_EVENT_REVOKED,	/* the lease of an access that others wait for was over */
};

/**
 * struct top_event - something that happened, for the event pane
 * @time_ns: CLOCK_MONOTONIC
 * @ino: buffer
 * @access: access id
 * @owner: its owner
 * @context: fence of a failed job
 * @seqno: likewise
 * @wait_ns: of a long wait: how long it was
 * @type: enum top_event_type
 * @error: negative errno, or 0
 * @tgid: process of the access
 * @tid: thread of the access
 * @comm: its name, empty when not known
 * @edge: a deadlock's blocker; of a long wait, the last one it was told of
 */
struct top_event {
	top_u64 time_ns;
	top_u64 ino;
	top_u64 access;
	top_u64 owner;
	top_u64 context;
	top_u64 seqno;
	top_u64 wait_ns;
	top_u32 type;
	top_s32 error;
	top_u32 tgid;
	top_u32 tid;
	char comm[TOP_COMM_LEN];
	struct top_edge edge;
};

/**
 * struct top_replay - an access of the kernel's snapshot, for program replay
 * @id: access id
 * @known_only: do nothing when the access is not known yet
 * @access: what is known of it
 * @edge: one of its blockers; @blocker is 0 when there is none
 */
struct top_replay {
	top_u64 id;
	top_u32 known_only;
	top_u32 reserved;
	struct top_access access;
	struct top_edge edge;
};

#endif /* DMASYNC_TOP_H */
