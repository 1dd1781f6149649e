// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exclusion, checked by everybody who is inside, in the memory of the buffer itself.
 *
 * A buffer is an array of cells. Who reads a cell sets a bit, who writes it leaves its
 * number and a stamp that nobody used before, and everybody looks who else is there, when
 * it comes and when it goes. A writer that died leaves its number behind. That is no
 * violation, but who finds it must have been told that the range was abandoned.
 *
 * The checks of two who are inside at once:
 *
 *	reader			writer
 *	set bit			swap in number
 *	look at number		look at bits
 *
 * One of them sees the other, as both steps are sequentially consistent.
 */
#include "torture.h"

struct cell {
	uint64_t readers;
	uint64_t stamp;
	uint32_t writer;
	uint32_t unused[11];
};

_Static_assert(sizeof(struct cell) == 64, "a cell is a cache line");

static struct cell *cell_at(struct to_arena *arena, unsigned int buf, unsigned int nr)
{
	return (struct cell *)arena->bufs[buf].map + nr;
}

/* The owner's number: slot and life, never 0. Reused after 2^25 owners of a slot. */
uint32_t to_cells_id(const struct to_actor *actor)
{
	return (actor->slot->life / 2 + 1) * TO_SLOTS + actor->index;
}

/* In this order: a slot is replaced by a new life first, and is doomed no more after that. */
bool to_slot_lives(struct to_slot *slot, uint32_t life)
{
	return !to_load(&slot->doomed) && to_load(&slot->life) == life && !(life & 1);
}

static bool id_lives(struct to_arena *arena, uint32_t id)
{
	return to_slot_lives(&arena->slots[id % TO_SLOTS], (id / TO_SLOTS - 1) * 2);
}

/* A job that was committed ends with its fence, whatever became of its driver. */
static bool id_abandons(struct to_arena *arena, uint32_t id)
{
	return to_kind_of(arena->slots[id % TO_SLOTS].kind) == &to_context_kind;
}

/*
 * Bits of slots that live, without @self. A slot whose owner was just replaced lives
 * again, but then its bit is gone, too.
 */
static uint64_t readers_alive(struct to_arena *arena, struct cell *cell, unsigned int self)
{
	uint64_t bits = to_load(&cell->readers) & ~(1ULL << self), alive = 0;
	unsigned int i;

	for (i = 0; bits >> i && i < TO_SLOTS; i++)
		if (bits >> i & 1 &&
		    to_slot_lives(&arena->slots[i], to_load(&arena->slots[i].life)))
			alive |= 1ULL << i;
	return alive & to_load(&cell->readers);
}

static void violated(struct to_actor *actor, const struct to_want *want, unsigned int nr,
		     const char *what, unsigned long long who)
{
	to_fail(actor->arena, "exclusion",
		"slot %u (tid %d, mode %u) in buffer %u (ino %llu) cell %u: %s %#llx",
		actor->index, actor->slot->tid, want->access, want->buf,
		(unsigned long long)actor->arena->bufs[want->buf].ino, nr, what, who);
}

static void check_no_writer(struct to_actor *actor, const struct to_want *want,
			    unsigned int nr, uint32_t writer, bool abandoned)
{
	struct to_arena *arena = actor->arena;

	if (!writer || writer == to_cells_id(actor))
		return;
	if (id_lives(arena, writer))
		violated(actor, want, nr, "there is a writer, slot",
			 writer % TO_SLOTS);
	else if (!abandoned && id_abandons(arena, writer))
		to_fail(arena, "abandoned",
			"slot %u (tid %d, mode %u) in buffer %u (ino %llu) cell %u was not told that the owner of slot %u abandoned it",
			actor->index, actor->slot->tid, want->access, want->buf,
			(unsigned long long)arena->bufs[want->buf].ino, nr,
			writer % TO_SLOTS);
}

static void check_no_readers(struct to_actor *actor, const struct to_want *want,
			     unsigned int nr)
{
	uint64_t bits = readers_alive(actor->arena, cell_at(actor->arena, want->buf, nr),
				      actor->index);

	if (bits)
		violated(actor, want, nr, "there are readers, slots", bits);
}

static void cell_read(struct to_actor *actor, const struct to_want *want, unsigned int nr,
		      bool abandoned)
{
	struct to_hold *hold = &actor->holds[want->buf][nr];
	struct cell *cell = cell_at(actor->arena, want->buf, nr);

	if (!hold->reads++)
		__atomic_fetch_or(&cell->readers, 1ULL << actor->index, __ATOMIC_SEQ_CST);
	if (!hold->writes)
		check_no_writer(actor, want, nr, to_load(&cell->writer), abandoned);
	hold->stamp = to_load(&cell->stamp);
}

static void cell_write(struct to_actor *actor, const struct to_want *want, unsigned int nr,
		       bool abandoned)
{
	struct to_hold *hold = &actor->holds[want->buf][nr];
	struct cell *cell = cell_at(actor->arena, want->buf, nr);
	uint32_t before = to_swap(&cell->writer, to_cells_id(actor));

	if (!hold->writes++)
		check_no_writer(actor, want, nr, before, abandoned);
	check_no_readers(actor, want, nr);
	hold->stamp = to_add(&actor->arena->stamp, 1);
	to_store(&cell->stamp, hold->stamp);
}

static void cell_check(struct to_actor *actor, const struct to_want *want, unsigned int nr)
{
	struct to_hold *hold = &actor->holds[want->buf][nr];
	struct cell *cell = cell_at(actor->arena, want->buf, nr);
	uint32_t writer = to_load(&cell->writer);

	if (hold->writes) {
		if (writer != to_cells_id(actor))
			violated(actor, want, nr, "another writer was there, slot",
				 writer % TO_SLOTS);
		check_no_readers(actor, want, nr);
	} else {
		check_no_writer(actor, want, nr, writer, true);
	}
	if (to_load(&cell->stamp) != hold->stamp)
		violated(actor, want, nr, "somebody wrote, stamp", cell->stamp);
}

static void cell_leave(struct to_actor *actor, const struct to_want *want, unsigned int nr)
{
	struct to_hold *hold = &actor->holds[want->buf][nr];
	struct cell *cell = cell_at(actor->arena, want->buf, nr);

	if (want->access & DMA_BUF_ACCESS_W) {
		if (!--hold->writes)
			to_store(&cell->writer, 0);
	} else if (!--hold->reads) {
		__atomic_fetch_and(&cell->readers, ~(1ULL << actor->index), __ATOMIC_SEQ_CST);
	}
}

#define for_each_cell(set, want, nr)						\
	for (want = (set)->want; want < (set)->want + (set)->nr; want++)	\
		for (nr = want->first; nr < want->first + want->nr; nr++)

void to_cells_enter(struct to_actor *actor, const struct to_set *set, bool abandoned)
{
	const struct to_want *want;
	unsigned int nr;

	for_each_cell(set, want, nr) {
		if (want->access & DMA_BUF_ACCESS_W)
			cell_write(actor, want, nr, abandoned);
		else
			cell_read(actor, want, nr, abandoned);
	}
}

void to_cells_check(struct to_actor *actor, const struct to_set *set)
{
	const struct to_want *want;
	unsigned int nr;

	for_each_cell(set, want, nr)
		cell_check(actor, want, nr);
}

void to_cells_leave(struct to_actor *actor, const struct to_set *set)
{
	const struct to_want *want;
	unsigned int nr;

	for_each_cell(set, want, nr)
		cell_leave(actor, want, nr);
}

void to_cells_forget(struct to_actor *actor, const struct to_set *set)
{
	const struct to_want *want;
	unsigned int nr;

	for_each_cell(set, want, nr) {
		if (want->access & DMA_BUF_ACCESS_W)
			actor->holds[want->buf][nr].writes--;
		else
			actor->holds[want->buf][nr].reads--;
	}
}

void to_cells_remember(struct to_actor *actor, const struct to_set *set)
{
	const struct to_want *want;
	unsigned int nr;

	for_each_cell(set, want, nr)
		actor->holds[want->buf][nr].stamp =
			to_load(&cell_at(actor->arena, want->buf, nr)->stamp);
}

void to_cells_clean(struct to_actor *actor, const struct to_set *set)
{
	const struct to_want *want;
	unsigned int nr;
	uint32_t dead;

	for_each_cell(set, want, nr) {
		struct cell *cell = cell_at(actor->arena, want->buf, nr);

		dead = to_load(&cell->writer);
		if (want->access & DMA_BUF_ACCESS_W && dead && !id_lives(actor->arena, dead))
			__atomic_compare_exchange_n(&cell->writer, &dead, 0, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
}

bool to_cells_changed(struct to_actor *actor, const struct to_set *set)
{
	const struct to_want *want;
	unsigned int nr;

	for_each_cell(set, want, nr)
		if (to_load(&cell_at(actor->arena, want->buf, nr)->stamp) !=
		    actor->holds[want->buf][nr].stamp)
			return true;
	return false;
}

void to_cells_scrub(struct to_arena *arena, unsigned int slot)
{
	unsigned int buf, nr;

	for (buf = 0; buf < arena->options.buffers; buf++)
		for (nr = 0; nr < TO_CELLS; nr++)
			__atomic_fetch_and(&cell_at(arena, buf, nr)->readers,
					   ~(1ULL << slot), __ATOMIC_SEQ_CST);
}

void to_cells_check_empty(struct to_arena *arena)
{
	unsigned int buf, nr;

	for (buf = 0; buf < arena->options.buffers; buf++) {
		for (nr = 0; nr < TO_CELLS; nr++) {
			struct cell *cell = cell_at(arena, buf, nr);

			if (cell->readers || (cell->writer && id_lives(arena, cell->writer)))
				to_fail(arena, "balance",
					"buffer %u cell %u is marked at rest: readers %#llx writer slot %u",
					buf, nr, (unsigned long long)cell->readers,
					cell->writer % TO_SLOTS);
		}
	}
}
