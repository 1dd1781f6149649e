/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's protocol: acquire, queue, hand over, look for deadlocks, end. README.md says how
 * to run it and what is left out.
 *
 * One step of the model is one section of the code under one buffer's lock, or one atomic
 * operation on a state word. An inline that stands for a function of the kernel has its name.
 * Masks are sets of sets: bit s is set s, whose thread is s / 2.
 *
 * Switches (-D), all off by default:
 *	FIRST, SECOND	menus, masks of shapes: what a thread may request first, and then
 *	FIRST_0		what thread 0 may request first, if not FIRST: cuts a large menu into parts
 *	MENU_0, ...	menus of each set, instead
 *	FOUR		four threads, two of them of owner 0; else three, one for each owner
 *	FIVE		five owners, of which the first two have two sets, the others one
 *	ASYNC		the second thread of owner 0 queues its requests and does not wait: what
 *			it gets is released by the first one, which goes on
 *	CANCELS=n	n times a task that waits gets a signal or runs out of time
 *	KILLS=n		n times somebody else cancels what is queued: the owner dies
 *	REVOKES=n	n times a held set is taken away by somebody else: a lease that is
 *			over, or a release in an interrupt
 *	JOBS		thread 1 commits its set, and a fence's interrupt releases it
 *	FOREVER		threads request for ever (one set each): for liveness
 *	FINE		searches see one set at a time, instead of all at once
 *	BREAK_...	the rule of this name is broken
 */
/* What a menu may have: nothing, writers, readers, of a buffer (or its lower, higher half). */
#define NONE	1
#define W0	2
#define W1	4
#define R0	8
#define R1	16
#define W01	32
#define R0W1	64
#define W0R1	128
#define R01	256
#define WL0	512
#define WH0	1024
#define WL1	2048
#define WH1	4096
#define RL0	8192
#define RH0	16384
#define WX	32768	/* the lower half of one, the higher of the other */

#ifndef FIRST
#define FIRST	(W0 | W1)
#endif
#ifndef SECOND
#define SECOND	(W0 | W1)
#endif
#ifndef FIRST_0
#define FIRST_0	FIRST
#endif
#ifndef CANCELS
#define CANCELS 0
#endif
#ifndef REVOKES
#define REVOKES 0
#endif
#ifndef KILLS
#define KILLS 0
#endif

#ifdef FOREVER
#define NR_REQUESTS 1
#else
#define NR_REQUESTS 2
#endif

#define BIT(n)		(1 << (n))
#define BUFS		2
#define ALL_BUFS	3

#if defined(FOUR)
#define OWNERS		3
#define THREADS		4
#define SETS		8
#define OWNER(s)	((s) < 4 -> 0 : ((s) >> 1) - 1)
#define SETS_OF(o)	((o) -> 3 << (2 * (o) + 2) : 15)
#define FIRST_OF(t)	(2 * (t))
#elif defined(FIVE)
#define OWNERS		5
#define THREADS		5
#define SETS		7
#define OWNER(s)	((s) - 2 - ((s) < 4) * ((s) - 2 - ((s) >> 1)))
#define SETS_OF(o)	((1 + 2 * ((o) < 2)) << FIRST_OF(o))
#define FIRST_OF(t)	((t) + 2 - ((t) < 2) * (2 - (t)))
#else
#define OWNERS		3
#define THREADS		3
#define SETS		6
#define OWNER(s)	((s) >> 1)
#define SETS_OF(o)	(3 << (2 * (o)))
#define FIRST_OF(t)	(2 * (t))
#endif
#define SECOND_OF(t)	(FIRST_OF(t) + 1)
#define HAS_SECOND(t)	(NR_REQUESTS == 2 && (OWNERS == 3 || (t) < 2))

#ifdef ASYNC
#define QUEUES		12	/* the sets of thread 1 */
#else
#define QUEUES		0
#endif
/* An owner that has queued a set is not stuck: only its calls count in cycles of holders. */
#ifdef BREAK_ASYNC_WAIT
#define BLOCKING	255
#else
#define BLOCKING	(255 - QUEUES)
#endif

/* Shapes of sets: cells read and cells written, two cells to a buffer. */
#define SHAPE(r, w)	(((r) << 4) | (w))
#define B0		3
#define B1		12

/* dsync_set.state. A set of several buffers is ENTERING while they are not all held. */
#define NEW		0
#define QUEUED		1
#define ENTERING	2
#define HELD		3
#define COMMITTED	4
#define OVER		5

#define UNMARK		6	/* no state: a mark goes */

byte state[SETS];
byte use[BUFS];			/* sets with an access of the buffer */
byte rivals[BUFS * SETS];	/* whose accesses conflict with those of a set */
byte held[BUFS], queued[BUFS];	/* the trees */
byte pending[BUFS];		/* sets to be served */
byte resv, marked;		/* masks of buffers */
byte before[SETS];		/* the ticket: who of the queued has an earlier one */
byte watch[SETS];		/* 0, or 1 + the set whose access is watched ... */
byte watch_buf;			/* ... in this buffer */
byte entering, committed;	/* sets of these states */
byte kicked, doomed;
byte mutexes;			/* locked mutexes of owners */
byte cancels = CANCELS, revokes = REVOKES, kills = KILLS;
#ifdef ASYNC
bit first_gone;			/* thread 0 has ended */
#endif

hidden byte i, j, n, m, o, hard, soft;
hidden byte chain;

#define RIVALS(b, s)	rivals[(b) * SETS + (s)]
#define HAS(mask, s)	((mask) & BIT(s))
#define DEL(mask, s)	mask = mask & (255 - BIT(s))
#define IS_MANY(s)	HAS(use[0] & use[1], s)
#define BUF_OF(s)	(HAS(use[0], s) -> 0 : 1)
#define HOLDS(o)	((held[0] | held[1]) & SETS_OF(o) & (255 - entering))

/* Sets of these that wait. */
inline queued_of(result, mask)
{
	result = 0;
	i = 0;
	do
	:: i < SETS ->
		if
		:: HAS(mask, i) && state[i] == QUEUED -> result = result | BIT(i)
		:: else
		fi;
		i++
	:: else -> break
	od;
	skip
}

/* conflict.c: who is in the way of a set in a buffer. */
inline dsync_conflict(s, b)
{
	hard = held[b] & RIVALS(b, s);
	soft = queued[b] & RIVALS(b, s);
	if
	:: state[s] != NEW -> soft = soft & before[s]
	:: else
	fi
#ifdef BREAK_QUEUE
	; soft = 0
#endif
}

/* The set with the latest ticket of some. */
inline latest(result, mask)
{
	i = 0;
	do
	:: HAS(mask, i) && !(mask & (255 - BIT(i)) & (255 - before[i])) ->
		result = i;
		break
	:: else -> i++
	od;
	skip
}

/* Any of some. */
inline first(result, mask)
{
	result = 0;
	do
	:: HAS(mask, result) -> break
	:: else -> result++
	od;
	skip
}

inline dsync_queue_draw(s)
{
	assert(state[s] == NEW);
	queued_of(n, 255);
	before[s] = n | queued[0] | queued[1];
	state[s] = QUEUED
}

/* Tickets are an order, not numbers: of a set that does not wait nothing is left. */
inline ticket_drop(s)
{
	before[s] = 0;
	i = 0;
	do
	:: i < SETS -> DEL(before[i], s); i++
	:: else -> break
	od;
	skip
}

inline dsync_queue_watch(s, b, other)
{
	watch[s] = 1 + other;
	DEL(watch_buf, s);
	watch_buf = watch_buf | (b << s)
}

inline dsync_queue_unwatch(s)
{
	watch[s] = 0;
	DEL(watch_buf, s);
	DEL(pending[0], s);
	DEL(pending[1], s)
}

/* Whom to watch, of @hard and @soft. */
inline blocker_choose()
{
	if
	:: hard -> first(n, hard)
	:: else -> latest(n, soft)
	fi
}

/* Invariant 1. */
inline buf_insert_held(s, b)
{
	assert(!(held[b] & RIVALS(b, s)));
	assert(!HAS(held[b], s));
	held[b] = held[b] | BIT(s)
}

/* Enter a buffer's tree of held accesses. */
inline dsync_hold_insert(s, b)
{
	DEL(queued[b], s);
	buf_insert_held(s, b)
}

/* A set of one buffer is held from here on. */
inline dsync_hold_local(s, b)
{
	dsync_hold_insert(s, b);
	dsync_queue_unwatch(s);
	ticket_drop(s);
	state[s] = HELD
}

/* acquire.c: the one section of a set of one buffer; with @over, only what is held counts. */
inline attempt_locked(s, b)
{
	dsync_conflict(s, b);
	if
	:: over -> soft = 0
	:: else
	fi;
	behind = (soft && !hard);
	if
	:: !hard && !soft -> dsync_hold_local(s, b)
	:: else ->
		if
		:: state[s] == NEW -> dsync_queue_draw(s); queued[b] = queued[b] | BIT(s); fresh = 1
		:: else
		fi;
		dsync_queue_unwatch(s);
		blocker_choose();
		dsync_queue_watch(s, b, n)
	fi
}

/* A kicked set that was handed over meanwhile is held: nothing to do. */
inline attempt_local(s, b)
{
#ifndef BREAK_MARK
	/* The slow way: the resv is free, so nobody has a mark. */
	(!HAS(marked, b) || !HAS(resv, b));
#endif
	d_step {
		if
		:: state[s] == NEW || state[s] == QUEUED -> attempt_locked(s, b)
		:: else
		fi;
		attempt_over(s)
	}
}

/* What an attempt leaves behind. Invariant 2 holds. */
inline attempt_over(s)
{
	assert(state[s] != QUEUED || !HAS(held[0] | held[1], s));
	search = (state[s] == QUEUED && HOLDS(me) -> 1 : 0);
	behind = behind && search;
	search = search && fresh;
#ifdef BREAK_PUBLISH
	search = 0;
#endif
	over = 0;
	n = 0; m = 0; hard = 0; soft = 0
}

/* Look in one buffer at what is held, or at what is queued, and watch it. */
inline part_blocked(s, b, trees)
{
	d_step {
		dsync_conflict(s, b);
		if
		:: trees == HELD -> soft = 0
		:: else -> hard = 0
		fi;
		if
		:: hard || soft ->
			blocker_choose();
			blocker = 1 + n;
			where = b;
			behind = (soft -> 1 : 0);
#ifndef BREAK_LINK
			dsync_queue_watch(s, b, n)
#endif
		:: else
		fi;
		n = 0; hard = 0; soft = 0
	}
}

/*
 * Who enters and who cancels compete for the state; the set is held when all of it is. A new one
 * takes the mark of a buffer away as it enters there.
 */
inline hold_parts(s)
{
	d_step {
#ifdef BREAK_ENTER
		won = 1;
#else
		won = (state[s] == NEW || state[s] == QUEUED);
#endif
		if
		:: won && state[s] == NEW -> DEL(marked, 0)
		:: else
		fi;
		if
		:: won -> state[s] = ENTERING; entering = BIT(s); dsync_hold_insert(s, 0)
		:: else
		fi
	};
	if
	:: d_step { won ->
		dsync_hold_insert(s, 1);
		ticket_drop(s);
		state[s] = HELD;
		entering = 0;
		won = 0 }
	:: else
	fi
}

inline queue_parts(s)
{
	if
	:: state[s] == NEW ->
		d_step { dsync_queue_draw(s); fresh = 1; queued[0] = queued[0] | BIT(s) };
		queued[1] = queued[1] | BIT(s)
	:: else
	fi
}

/* Several buffers: resv, marks, looks. Both resv at once: their order is ww's matter. */
inline attempt_many(s)
{
	d_step { !resv -> resv = ALL_BUFS; dsync_queue_unwatch(s); marked = 1 };
	marked = ALL_BUFS;
	part_blocked(s, 0, HELD);
	if
	:: !blocker -> part_blocked(s, 1, HELD)
	:: else
	fi;
	if
	:: !blocker && !over -> part_blocked(s, 0, QUEUED)
	:: else
	fi;
	if
	:: !blocker && !over -> part_blocked(s, 1, QUEUED)
	:: else
	fi;
	if
	:: !blocker -> hold_parts(s)
	:: else ->
		queue_parts(s);
#ifdef BREAK_LINK
		d_step { dsync_queue_watch(s, where, blocker - 1) };
#endif
		blocker = 0
	fi;
	d_step { where = 0; rest = ALL_BUFS; from = UNMARK };
	each_buffer(s);
	d_step { resv = 0; from = 0; attempt_over(s) }
}

#ifdef BREAK_HANDOVER
#define MAY_SERVE(b)	1
#else
#define MAY_SERVE(b)	(!HAS(marked, b))
#endif

/* The earlier request that is found, or one that was looked at before: @chain. */
inline soft_choose()
{
	if
	:: chain -> latest(n, soft)
	:: else -> first(n, soft)
	fi
}

/* queue.c: let a set of the list go on. */
inline look(w, b)
{
	DEL(pending[b], w);
	dsync_conflict(w, b);
	if
	:: IS_MANY(w) -> kicked = kicked | BIT(w)
	:: !IS_MANY(w) && hard -> first(n, hard); dsync_queue_watch(w, b, n)
	:: !IS_MANY(w) && !hard && soft ->
		soft_choose();
		dsync_queue_watch(w, b, n);
		if
		:: HOLDS(OWNER(w)) -> kicked = kicked | BIT(w)
		:: else
		fi
	:: else -> dsync_hold_local(w, b)
	fi
}

/* One set for each section: the budget at its smallest. In any order. */
inline serve(b)
{
	do
	:: more -> atomic {
		do
		:: HAS(pending[b], w) -> break
		:: pending[b] >> (w + 1) -> w++
		:: !(pending[b] >> w) -> break
		od;
		if
		:: chain = 0
		:: chain = 1
		fi;
		d_step {
			if
			:: HAS(pending[b], w) && MAY_SERVE(b) -> look(w, b)
			:: else
			fi;
			more = (pending[b] && MAY_SERVE(b));
			w = 0; n = 0; hard = 0; soft = 0
		} }
	:: else -> break
	od
}

/* Those who watched an access look what else is in their way. */
inline dsync_queue_wake_watchers(s, b)
{
	j = 0;
	do
	:: j < SETS ->
		if
		:: watch[j] == 1 + s && ((watch_buf >> j) & 1) == b ->
			watch[j] = 0;
			DEL(watch_buf, j);
#ifndef BREAK_WATCHERS
			pending[b] = pending[b] | BIT(j)
#endif
		:: else
		fi;
		j++
	:: else -> break
	od;
	skip
}

/* Of the ends of a set that begin, one wins the state, and removes the accesses. */
inline dsync_set_end(s)
{
	won = (state[s] == from);
#ifdef BREAK_END
	won = won || from == HELD;
#endif
#ifdef BREAK_CANCEL
	won = won || from == QUEUED;
#endif
	if
	:: won && from == QUEUED -> state[s] = OVER; dsync_queue_unwatch(s)
	:: won && from != QUEUED -> state[s] = OVER
	:: else -> rest = 0
	fi
}

/*
 * hold.c: drop_part(), queue.c: remove_some(). A queued set that is cancelled keeps its ticket
 * until its last access is gone.
 */
inline drop_part(s, b)
{
	assert(from == QUEUED || HAS(held[b], s));
	assert(from != QUEUED || HAS(queued[b], s));
	DEL(held[b], s);
	DEL(queued[b], s);
	dsync_queue_wake_watchers(s, b);
	if
	:: !rest -> DEL(committed, s)
	:: else
	fi;
	if
	:: from == QUEUED && !rest -> ticket_drop(s)
	:: else
	fi
}

/*
 * One buffer of @rest after the other: a section, and those whom it lets go on. The section is
 * the end of a mark, or of an access of a set that was in state @from; the first of these decides
 * who wins.
 */
inline each_buffer(s)
{
	do
	:: rest ->
		d_step {
			if
			:: from != UNMARK && !won -> dsync_set_end(s)
			:: else
			fi;
			if
			:: rest ->
				b = (rest & 1 -> 0 : 1);
				rest = rest & (2 - 2 * b);
				if
				:: from == UNMARK -> DEL(marked, b)
				:: else -> drop_part(s, b)
				fi;
				more = (pending[b] && MAY_SERVE(b))
#ifdef BREAK_CANCEL_SERVE
				; more = more && from != QUEUED
#endif
			:: else
			fi
		};
		serve(b)
	:: else -> break
	od;
	b = 0
}

#ifdef FIVE
#define VIA_FORGET	via[0] = 0; via[1] = 0; via[2] = 0; via[3] = 0; via[4] = 0
#else
#define VIA_FORGET	via[0] = 0; via[1] = 0; via[2] = 0
#endif

#ifdef FINE
#define WALK
#define STEP		d_step
#else
#define WALK		d_step
#define STEP
#endif

/*
 * Owners who hold what is in the way of a set. A job ends by itself; a set that is just being
 * acquired is left to its task, which searches when all of it is there.
 */
inline owners_before(result, s)
{
	hard = ((held[0] & RIVALS(0, s)) | (held[1] & RIVALS(1, s))) & (255 - entering);
#ifndef BREAK_JOB
	hard = hard & (255 - committed);
#endif
	result = ((hard & SETS_OF(0)) -> 1 : 0) | ((hard & SETS_OF(1)) -> 2 : 0) |
		 ((hard & SETS_OF(2)) -> 4 : 0)
#ifdef FIVE
	; result = result | ((hard & SETS_OF(3)) -> 8 : 0) | ((hard & SETS_OF(4)) -> 16 : 0)
#endif
}

/* search.c: follow_set(), follow_owner(). Who is reached first by way of a set? */
inline walk_set(s)
{
	if
	:: state[s] == QUEUED && !HAS(doomed, s) ->
		owners_before(m, s);
		if
		:: HAS(m, me) -> last = 1 + s
		:: else
		fi;
		j = 0;
		do
		:: j < OWNERS ->
			if
			:: HAS(m, j) && j != me && !via[j] ->
				via[j] = 1 + s;
				queued_of(n, SETS_OF(j) & BLOCKING);
				todo = todo | n
			:: else
			fi;
			j++
		:: else -> break
		od
	:: else
	fi
}

/* Hard edges only; finds the last set of a cycle through owner @me. */
inline search_hard()
{
	STEP { queued_of(n, SETS_OF(me) & BLOCKING); todo = n };
	do
	:: todo && !last ->
		STEP {
			first(o, todo);
			DEL(todo, o);
			walk_set(o);
			m = 0; n = 0; hard = 0
		}
	:: else -> break
	od;
	todo = 0
}

/* Does a set of the cycle still wait for the owner of the next one? */
inline edge_stands(s, next)
{
	owners_before(m, s);
	if
	:: state[s] != QUEUED || HAS(doomed, s) || !HAS(m, next) -> valid = 0
	:: else
	fi
}

/* The cycle's sets from the last one back to ours, in @cycle, and their owners in @locks. */
inline cycle_read()
{
	STEP {
		j = last;
		do
		:: j ->
			cycle = cycle | BIT(j - 1);
			locks = locks | BIT(OWNER(j - 1));
			if
			:: OWNER(j - 1) == me -> break
			:: else -> j = via[OWNER(j - 1)]
			fi
		od;
		skip
	}
}

inline cycle_stands()
{
	valid = 1;
	j = last;
	o = me;
	do
	:: j ->
		edge_stands(j - 1, o);
		o = OWNER(j - 1);
		if
		:: o == me -> break
		:: else -> j = via[o]
		fi
	od;
	skip
}

/* The latest of the cycle fails: never two of one cycle, and none that is only queued. */
inline doom()
{
	assert(!(cycle & QUEUES));
	j = 0;
	do
	:: j < SETS ->
		assert(!HAS(cycle, j) || state[j] != QUEUED || !HAS(doomed, j));
		j++
	:: else -> break
	od;
#if !CANCELS && !REVOKES && !KILLS && !defined(FOUR)
	/* Cycles of holders do not dissolve, if nobody else can end a set. */
	cycle_stands();
	assert(valid);
#endif
	doomed = doomed | BIT(victim)
}

/* graph.c. A cycle was found: is it one still, now that nobody else decides about it? */
inline judge()
{
#ifndef BREAK_VERIFY
	d_step { !(mutexes & locks) -> mutexes = mutexes | locks };
#endif
	d_step {
		cycle_stands();
		if
		:: valid -> latest(victim, cycle)
		:: else
		fi;
		m = 0; hard = 0
	};
	d_step {
		if
		:: valid -> doom()
		:: else
		fi;
#ifndef BREAK_VERIFY
		mutexes = mutexes & (255 - locks);
#endif
		valid = 0; victim = 0; last = 0; cycle = 0; locks = 0;
		VIA_FORGET; m = 0; hard = 0
	}
}

/* What a set waits for over one edge, asynchronous requests included: sets in @n, owners in @o. */
inline next_of(s)
{
	owners_before(o, s);
	hard = (HAS(o, 0) -> SETS_OF(0) : 0) | (HAS(o, 1) -> SETS_OF(1) : 0) |
	       (HAS(o, 2) -> SETS_OF(2) : 0);
#ifdef FIVE
	hard = hard | (HAS(o, 3) -> SETS_OF(3) : 0) | (HAS(o, 4) -> SETS_OF(4) : 0);
#endif
	queued_of(n, hard);
	n = n | (queued[0] & RIVALS(0, s) & before[s]) | (queued[1] & RIVALS(1, s) & before[s])
}

inline forget()
{
	m = 0; n = 0; o = 0; hard = 0; soft = 0
}

/* Sets that wait for owner @me over any edges: @waiting. */
inline walk_back()
{
	at = 0;
	do
	:: at < SETS -> STEP {
		if
		:: !HAS(waiting, at) && state[at] == QUEUED ->
			next_of(at);
			if
			:: HAS(o, me) || (n & waiting) -> waiting = waiting | BIT(at); at = 0
			:: else -> at++
			fi
		:: else -> at++
		fi;
		forget() }
	:: else -> break
	od;
	at = 0
}

/* Sets that owner @me waits for over any edges, its own included: @todo. */
inline walk_forth()
{
	STEP { queued_of(n, SETS_OF(me)); todo = n; forget() };
	do
	:: at < SETS -> STEP {
		if
		:: HAS(todo, at) ->
			next_of(at);
			if
			:: n & (255 - todo) -> todo = todo | n; at = 0
			:: else -> at++
			fi
		:: else -> at++
		fi;
		forget() }
	:: else -> break
	od;
	at = 0
}

/* Earlier requests in the way of a set. */
#define EARLIER(s)	(((queued[0] & RIVALS(0, s)) | (queued[1] & RIVALS(1, s))) & before[s])

#define HELD_UP(s)	((held[0] & RIVALS(0, s)) | (held[1] & RIVALS(1, s)))

/*
 * Kick each set with a soft edge on a cycle through owner @me, also where a held access is in the
 * way: that is not what the set watches, perhaps.
 */
inline kick_overtakers()
{
	walk_back();
	walk_forth();
	do
	:: at < SETS -> STEP {
		if
		:: HAS(todo, at) && state[at] == QUEUED && (EARLIER(at) & waiting) ->
#if defined(BREAK_KICK)
			skip
#elif defined(BREAK_HELD_UP)
			kicked = kicked | (HELD_UP(at) -> 0 : BIT(at))
#else
			kicked = kicked | BIT(at)
#endif
		:: else
		fi;
		at++ }
	:: else -> break
	od;
	at = 0; todo = 0; waiting = 0
}

/*
 * dsync_graph_queued(), dsync_graph_acquired(). First cycles of holders, until there is none; then
 * those with a soft edge.
 */
inline dsync_graph_search()
{
	do
	:: true ->
		WALK {
			search_hard();
			if
			:: last -> cycle_read()
			:: else ->
				STEP { VIA_FORGET };
				kick_overtakers()
			fi;
			skip
		};
		if
		:: last -> judge()
		:: else -> break
		fi
	od
}

/*
 * May the set overtake? It may when every earlier request in its way waits for its owner. Those
 * that do not are bystanders: @bystander.
 */
inline dsync_overtake_may(s)
{
	WALK {
		walk_back();
		STEP {
			bystander = EARLIER(s) & (255 - waiting);
#ifdef BREAK_OVERTAKE
			bystander = EARLIER(s);
#endif
			waiting = 0;
			forget()
		}
	}
}

/* Watch a bystander, any of them, if it is there still; if not, @again. */
inline bystander_watch(s)
{
	atomic {
		do
		:: HAS(bystander, w) -> break
		:: bystander >> (w + 1) -> w++
		od;
		skip;
		d_step {
			n = (HAS(RIVALS(0, s), w) -> 0 : 1);
			if
			:: state[s] == QUEUED ->
				dsync_queue_unwatch(s);
#ifndef BREAK_AGAIN
				again = (HAS(held[n] | queued[n], w) -> 0 : 1);
#endif
				if
				:: !again -> dsync_queue_watch(s, n, w)
				:: else
				fi
			:: else
			fi;
			w = 0; bystander = 0; n = 0
		}
	}
}

#define BUFS_OF(s)	((HAS(use[0], s) -> 1 : 0) | (HAS(use[1], s) -> 2 : 0))

/* Where a task goes on behind a search. */
#define TO_WAIT		0
#define TO_ATTEMPT	1
#define TO_RELEASE	2

/* The next request of a task. */
inline request_read()
{
	many = (IS_MANY(s) -> 1 : 0);
	buf = BUF_OF(s)
}

/* A set is held, handed over or not: is there an edge to search from? What comes next? */
inline got_it()
{
	DEL(kicked, s);
	DEL(doomed, s);
	queued_of(n, SETS_OF(me));
	search = (n -> 1 : 0);
#ifdef BREAK_ASYNC_SEARCH
	if
	:: HAS(QUEUES, s) -> search = 0
	:: else
	fi;
#endif
#ifdef JOBS
	if
	:: thread == 1 && state[s] == HELD -> state[s] = COMMITTED; committed = committed | BIT(s)
	:: thread != 1 -> mine = mine | (s == FIRST_OF(thread) -> 1 : 2)
	:: else
	fi;
#else
	mine = mine | (s == FIRST_OF(thread) -> 1 : 2);
#endif
	after = TO_RELEASE;
	if
	:: s == FIRST_OF(thread) && HAS_SECOND(thread) && HAS(use[0] | use[1], s + 1) ->
		s++;
		request_read();
		after = TO_ATTEMPT
	:: else
	fi;
	n = 0
}

proctype task(byte thread)
{
	byte s, me, buf, b, w, rest, from, blocker, where, bystander, todo, at, waiting;
	byte last, cycle, locks, victim, via[OWNERS], mine, after;
	bit many, over, behind, fresh, again, won, more, valid, search;

	d_step {
		s = FIRST_OF(thread);
		me = OWNER(s);
		request_read();
		after = (HAS(use[0] | use[1], s) -> TO_ATTEMPT : TO_RELEASE)
	};
	goto go_on;
attempt:
#ifdef BREAK_PUBLISH
	/* The search comes before the edge is there. */
	if
	:: state[s] == NEW && HOLDS(me) -> dsync_graph_search()
	:: else
	fi;
#endif
	if
	:: atomic { !many -> attempt_local(s, buf) }
	:: many -> attempt_many(s)
	fi;
	if
	:: behind -> behind = 0; goto overtake
	:: else -> fresh = 0; after = TO_WAIT; goto searching
	fi;
overtake:
	/* Only earlier requests are in the way of a set whose owner holds something. */
	skip;
	dsync_overtake_may(s);
#ifndef BREAK_STRANGE
	if
	:: !bystander -> over = 1; goto attempt
	:: else -> bystander_watch(s)
	fi;
#else
	if
	:: !bystander -> over = 1; goto attempt
	:: else -> bystander = 0
	fi;
#endif
	if
	:: again -> again = 0; goto overtake
	:: else -> fresh = 0; after = TO_WAIT
	fi;
	goto searching;
wait:
	if
	:: d_step { state[s] != QUEUED -> got_it() };
		goto searching
	:: atomic { HAS(doomed, s) && state[s] == QUEUED ->
		d_step { from = QUEUED; rest = BUFS_OF(s) };
		goto leave }
	:: atomic { cancels && state[s] == QUEUED ->
		d_step { cancels--; from = QUEUED; rest = BUFS_OF(s) };
		goto leave }
	:: d_step { HAS(kicked, s) && state[s] == QUEUED && !HAS(doomed, s) ->
		DEL(kicked, s) };
		goto attempt
	fi;
searching:
	if
	:: search -> search = 0; dsync_graph_search()
	:: else
	fi;
go_on:
	if
	:: after == TO_WAIT -> goto wait
	:: after == TO_ATTEMPT -> after = 0; goto attempt
	:: after == TO_RELEASE -> after = 0; goto release
	fi;
leave:
	each_buffer(s);
	if
	:: from == QUEUED && !won -> from = 0; goto wait
	:: else -> won = 0; from = 0
	fi;
release:
#ifdef ASYNC
	/* What is held of an asynchronous set is released by the owner's one task. */
	(thread != 1 || first_gone);
#endif
	if
	:: mine & 1 -> d_step {
		s = FIRST_OF(thread); mine = mine & 2; from = HELD; rest = BUFS_OF(s) };
		goto leave
	:: mine & 2 -> d_step {
		s = SECOND_OF(thread); mine = mine & 1; from = HELD; rest = BUFS_OF(s) };
		goto leave
	:: !mine -> d_step {
		DEL(kicked, FIRST_OF(thread)); DEL(doomed, FIRST_OF(thread));
		if
		:: HAS_SECOND(thread) ->
			DEL(kicked, SECOND_OF(thread)); DEL(doomed, SECOND_OF(thread))
		:: else
		fi;
		s = 0; many = 0; buf = 0;
#ifdef ASYNC
		first_gone = first_gone || !thread
#endif
		}
	fi;
#ifdef FOREVER
	d_step { state[FIRST_OF(thread)] = NEW; s = FIRST_OF(thread); request_read() };
	goto attempt
#endif
}

#define MAY_END(s)	(state[s] == COMMITTED || (revokes && state[s] == HELD) || \
			 (kills && state[s] == QUEUED && \
			  (!HAS(use[0], s) || HAS(queued[0], s)) && \
			  (!HAS(use[1], s) || HAS(queued[1], s))))

/* Somebody else ends a set: a fence in its interrupt, a lease, a release in an interrupt, death. */
proctype other()
{
	byte s, b, w, rest, from;
	bit won, more;

end:
	do
	:: atomic {
		if
		:: MAY_END(0) -> s = 0
		:: MAY_END(1) -> s = 1
		:: MAY_END(2) -> s = 2
		:: MAY_END(3) -> s = 3
		:: MAY_END(4) -> s = 4
		:: MAY_END(5) -> s = 5
#if SETS > 6
		:: MAY_END(6) -> s = 6
#endif
#if SETS > 7
		:: MAY_END(7) -> s = 7
#endif
		fi;
		d_step {
			from = state[s];
			rest = BUFS_OF(s);
			if
			:: from == HELD -> revokes--
			:: from == QUEUED -> kills--
			:: else
			fi
		} };
		each_buffer(s);
		from = 0; won = 0; s = 0
	od
}

inline shape_of(nr)
{
	if
	:: nr == 0 -> m = 0
	:: nr == 1 -> m = SHAPE(0, B0)
	:: nr == 2 -> m = SHAPE(0, B1)
	:: nr == 3 -> m = SHAPE(B0, 0)
	:: nr == 4 -> m = SHAPE(B1, 0)
	:: nr == 5 -> m = SHAPE(0, B0 + B1)
	:: nr == 6 -> m = SHAPE(B0, B1)
	:: nr == 7 -> m = SHAPE(B1, B0)
	:: nr == 8 -> m = SHAPE(B0 + B1, 0)
	:: nr == 9 -> m = SHAPE(0, 1)
	:: nr == 10 -> m = SHAPE(0, 2)
	:: nr == 11 -> m = SHAPE(0, 4)
	:: nr == 12 -> m = SHAPE(0, 8)
	:: nr == 13 -> m = SHAPE(1, 0)
	:: nr == 14 -> m = SHAPE(2, 0)
	:: nr == 15 -> m = SHAPE(0, 1 + 8)
	fi
}

/* Everything that is asked for, and so all conflicts, is chosen first. */
inline choose(menu)
{
	c = 0;
	do
	:: (menu) & BIT(c) -> break
	:: ((menu) >> (c + 1)) -> c++
	od;
	skip
}

inline conflicts_fill()
{
	i = 0;
	do
	:: i < SETS ->
		j = 0;
		if
		:: shape[i] & 51 -> use[0] = use[0] | BIT(i)
		:: else
		fi;
		if
		:: shape[i] & 204 -> use[1] = use[1] | BIT(i)
		:: else
		fi;
		do
		:: j < SETS ->
			n = ((shape[i] & 15) & ((shape[j] & 15) | (shape[j] >> 4))) |
			    ((shape[j] & 15) & (shape[i] >> 4));
			if
			:: OWNER(i) != OWNER(j) && (n & B0) -> RIVALS(0, i) = RIVALS(0, i) | BIT(j)
			:: else
			fi;
			if
			:: OWNER(i) != OWNER(j) && (n & B1) -> RIVALS(1, i) = RIVALS(1, i) | BIT(j)
			:: else
			fi;
			j++
		:: else -> break
		od;
		i++
	:: else -> break
	od;
	skip
}

init {
	byte shape[SETS], c, s, t;
	int code, prev;

	atomic {
		do
		:: s < SETS ->
			if
#ifdef MENU_0
			:: s == 0 -> choose(MENU_0)
			:: s == 1 -> choose(MENU_1)
			:: s == 2 -> choose(MENU_2)
			:: s == 3 -> choose(MENU_3)
			:: s == 4 -> choose(MENU_4)
			:: s == 5 -> choose(MENU_5)
#ifdef MENU_6
			:: s == 6 -> choose(MENU_6)
#endif
#ifdef MENU_7
			:: s == 7 -> choose(MENU_7)
#endif
#else
			:: s & 1 -> choose(SECOND)
			:: !s -> choose(FIRST_0)
			:: s && !(s & 1) -> choose(FIRST)
#endif
			fi;
			d_step { shape_of(c); shape[s] = m; m = 0; code = code * 16 + c };
			s++;
			if
			:: !(s & 1) ->
				if
#if !defined(MENU_0) && !defined(JOBS) && !defined(FOREVER)
				/* Threads of one kind that only change places are one case. */
				:: code < prev && s > 2 * (THREADS - 2) -> c = 0; goto stop
#endif
				:: else
				fi;
				prev = code; code = 0
			:: else
			fi
		:: else -> break
		od;
		skip;
		d_step { conflicts_fill(); n = 0 };
		s = 0; c = 0; code = 0; prev = 0;
		do
		:: s < SETS -> shape[s] = 0; s++
		:: else -> break
		od;
		s = 0;
#if REVOKES || KILLS || defined(JOBS)
		run other();
#endif
		do
		:: t < THREADS -> run task(t); t++
		:: else -> break
		od;
		t = 0
	}
stop:
	skip
}

#ifdef FOREVER
/* Invariant 3: no waiter is passed over for ever. */
ltl served { [] ((state[0] == QUEUED) -> <> (state[0] != QUEUED)) }
#endif
