// SPDX-License-Identifier: GPL-2.0-only
/* Wait chains of models that are made up: shapes too large, or too strange, for a kernel. */
#include <kselftest_harness.h>

#include "../../tools/lib/blame.h"
#include "../../tools/lib/chain.h"

#define NR_READERS	512
#define NR_WRITERS	8192
#define FIRST_WRITER	(NR_READERS + 1)
#define NOW		1000000ULL
#define INO		7

FIXTURE(trees)
{
	struct model model;
	struct chains chains;
};

FIXTURE_SETUP(trees)
{
	model_begin(&self->model, NOW, NOW);
	self->model.complete = true;
}

FIXTURE_TEARDOWN(trees)
{
	chain_free(&self->chains);
	model_clear(&self->model);
}

/* Access @id of an owner of its own; behind @nr others, from @blocker on. */
static void add(struct model *model, uint64_t id, uint64_t blocker, unsigned int nr)
{
	struct top_entry entry = {
		.access = {
			.ino = INO,
			.owner = id,
			.since_ns = NOW - 10,
			.state = nr ? TOP_STATE_BEHIND_CPU : TOP_STATE_HELD,
			.kind = 2,
			.mode = 2,
			.nr_edges = nr,
		},
	};
	unsigned int i;

	for (i = 0; i < nr; i++)
		entry.edges[i] = (struct top_edge){ .blocker = blocker + i, .owner = blocker + i };
	model_access_add(model, id, &entry, NULL);
}

static void build(struct model *model, struct chains *chains)
{
	model_end(model);
	chain_build(chains, model);
}

#define EXPECT_ROW(nr, number, deep) do {				\
	EXPECT_EQ(number, self->chains.rows[nr].access->id);		\
	EXPECT_EQ(deep, self->chains.rows[nr].depth);			\
} while (0)

/* A queue far longer than anybody can read: it begins with who is in everybody's way. */
TEST_F(trees, root_of_a_long_queue)
{
	unsigned int i;

	for (i = 0; i < NR_WRITERS; i++)
		add(&self->model, 1 + i, i, !!i);
	build(&self->model, &self->chains);
	ASSERT_EQ(NR_WRITERS, self->chains.nr);
	EXPECT_EQ(0, self->chains.nr_more);
	EXPECT_ROW(0, 1, 0);
	EXPECT_EQ(NR_WRITERS - 1, self->chains.rows[0].blocks);
	EXPECT_EQ(10 * (NR_WRITERS - 1), self->chains.rows[0].blocked_ns);
	EXPECT_ROW(1, 2, 1);
	EXPECT_ROW(NR_WRITERS - 1, NR_WRITERS, NR_WRITERS - 1);
}

/* Each of many writers behind some of many readers: not a row for each way through. */
TEST_F(trees, rows_are_bounded)
{
	unsigned int i;

	for (i = 0; i < NR_READERS; i++)
		add(&self->model, 1 + i, 0, 0);
	for (i = 0; i < NR_WRITERS; i++)
		add(&self->model, FIRST_WRITER + i, 1 + i % (NR_READERS - TOP_NR_EDGES),
		    TOP_NR_EDGES);
	build(&self->model, &self->chains);
	EXPECT_EQ(CHAIN_MAX_ROWS, self->chains.nr);
	EXPECT_GE(2 * CHAIN_MAX_ROWS, self->chains.max);
	/* A row for each reader, and one for each pair, and none is forgotten. */
	EXPECT_EQ(NR_READERS - 1 + NR_WRITERS * TOP_NR_EDGES,
		  self->chains.nr + self->chains.nr_more);
	EXPECT_EQ(0, self->chains.rows[0].depth);
	EXPECT_LT(0, self->chains.rows[0].blocks);
}

/* What most is waited for comes first. */
TEST_F(trees, the_worst_root_comes_first)
{
	add(&self->model, 1, 0, 0);
	add(&self->model, 2, 1, 1);
	add(&self->model, 3, 0, 0);
	add(&self->model, 4, 3, 1);
	add(&self->model, 5, 3, 1);
	build(&self->model, &self->chains);
	ASSERT_EQ(5, self->chains.nr);
	EXPECT_ROW(0, 3, 0);
	EXPECT_EQ(2, self->chains.rows[0].blocks);
	EXPECT_ROW(3, 1, 0);
	EXPECT_EQ(1, self->chains.rows[3].blocks);
}

/*
 *   5 ──> 4 ──> 2 ──> 3          a ring has no root: any of it stands first
 *               ^     │
 *               └─────┘    1 <── 6
 */
TEST_F(trees, ring)
{
	add(&self->model, 1, 0, 0);
	add(&self->model, 6, 1, 1);
	add(&self->model, 2, 3, 1);
	add(&self->model, 3, 2, 1);
	add(&self->model, 4, 2, 1);
	add(&self->model, 5, 4, 1);
	build(&self->model, &self->chains);
	EXPECT_TRUE(self->chains.rows[0].cycle);
	EXPECT_EQ(0, self->chains.rows[0].depth);
	/* The ring of two once around, and the two behind it. */
	ASSERT_EQ(7, self->chains.nr);
	EXPECT_ROW(5, 1, 0);
	EXPECT_FALSE(self->chains.rows[5].cycle);
	EXPECT_ROW(6, 6, 1);
}

/* A blocker that is not in the model, twice: one root. */
TEST_F(trees, stranger)
{
	self->model.complete = false;
	add(&self->model, 2, 1, 1);
	add(&self->model, 3, 1, 1);
	build(&self->model, &self->chains);
	ASSERT_EQ(3, self->chains.nr);
	EXPECT_ROW(0, 1, 0);
	EXPECT_EQ(2, self->chains.rows[0].blocks);
	EXPECT_EQ(0, self->chains.rows[0].access->at.mode);
}

/* The same, when it is known to be over. */
TEST_F(trees, stranger_that_is_over)
{
	uint64_t over[] = { 8, 1, 5 };

	self->model.complete = false;
	add(&self->model, 2, 1, 1);
	model_over_set(&self->model, over, 3);
	build(&self->model, &self->chains);
	EXPECT_EQ(0, self->chains.nr);
}

#define NR_PAIRS	(BLAME_MAX_ROWS + 44)
#define LEFT_WAITS	7
#define LEFT_NS		70

/* Pair number N waited N times, N ns each, on two buffers. */
static void add_pairs(struct model *model)
{
	static struct top_blame_key keys[NR_PAIRS];
	static struct top_blame sums[NR_PAIRS];
	unsigned int i;

	for (i = 0; i < NR_PAIRS; i++) {
		keys[i].waiter.tgid = i + 1;
		keys[i].holder.tgid = 1;
		sums[i] = (struct top_blame){
			.waits = i, .wait_ns = i * i, .max_ns = i, .inos = { 1, 2 },
		};
	}
	model_blames_set(model, keys, sums, NR_PAIRS);
	model->blame_left_waits = LEFT_WAITS;
	model->blame_left_ns = LEFT_NS;
}

/* The worst come first, and what is too much is one row: nothing is missing in the sum. */
TEST_F(trees, pairs_are_bounded)
{
	struct blames blames = { 0 };
	uint64_t waits = LEFT_WAITS, ns = LEFT_NS, i;

	add_pairs(&self->model);
	blame_build(&blames, &self->model);
	ASSERT_EQ(BLAME_MAX_ROWS + 1, blames.nr);
	EXPECT_EQ(NR_PAIRS, blames.rows[0].waiter.tgid);
	EXPECT_EQ(2, blames.rows[0].nr_inos);
	EXPECT_EQ(0, blames.rows[BLAME_MAX_ROWS - 1].nr_pairs);
	EXPECT_EQ(NR_PAIRS - BLAME_MAX_ROWS + 1, blames.rows[BLAME_MAX_ROWS].nr_pairs);
	for (i = 0; i < NR_PAIRS; i++) {
		waits += i;
		ns += i * i;
	}
	for (i = 0; i < blames.nr; i++) {
		waits -= blames.rows[i].sum.waits;
		ns -= blames.rows[i].sum.wait_ns;
	}
	EXPECT_EQ(0, waits);
	EXPECT_EQ(0, ns);
	blame_free(&blames);
}

/* Fences of one engine are one, and buffers count once. */
TEST_F(trees, pairs_of_an_engine)
{
	struct top_blame_key keys[] = {
		{ .holder.context = 8 }, { .holder.context = 9 }, { .holder.context = 10 },
	};
	struct top_blame sums[] = {
		{ 1, 10, 10, 0, { 1, 2 } }, { 2, 50, 40, 0, { 3, 1 } }, { 1, 1, 1, 0, { 0 } },
	};
	struct top_timeline timelines[] = { { .name = "dma0" }, { .name = "dma0" } };
	uint64_t contexts[] = { 9, 8 };
	struct blames blames = { 0 };

	model_blames_set(&self->model, keys, sums, 3);
	model_timelines_set(&self->model, contexts, timelines, 2);
	blame_build(&blames, &self->model);
	ASSERT_EQ(2, blames.nr);
	EXPECT_STREQ("dma0", blames.rows[0].holder.engine);
	EXPECT_EQ(0, blames.rows[0].holder.context);
	EXPECT_EQ(3, blames.rows[0].sum.waits);
	EXPECT_EQ(60, blames.rows[0].sum.wait_ns);
	EXPECT_EQ(40, blames.rows[0].sum.max_ns);
	EXPECT_EQ(3, blames.rows[0].nr_inos);
	EXPECT_EQ(10, blames.rows[1].holder.context);
	blame_free(&blames);
}

TEST_HARNESS_MAIN
