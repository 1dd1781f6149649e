// SPDX-License-Identifier: GPL-2.0-only
/* Stacks become frames while there is room, so many in a turn; what does not is counted. */
#include <kselftest_harness.h>
#include <errno.h>

#include "../../tools/record/record_stacks.h"

/* Stacks of as many frames as there can be that have none in common, up to the limit. */
#define PER_STACK	(RECORD_STACK_DEPTH - 1)
#define NR_WHOLE	(STACKS_MAX_FRAMES / PER_STACK)

FIXTURE(frames)
{
	struct record_stacks stacks;
	struct record_batch batch;
};

FIXTURE_SETUP(frames)
{
	ASSERT_EQ(0, record_stacks_init(&self->stacks));
	ASSERT_EQ(0, record_batch_init(&self->batch,
				       STACKS_MAX_RECORDS * sizeof(struct record)));
}

FIXTURE_TEARDOWN(frames)
{
	record_batch_free(&self->batch);
	record_stacks_free(&self->stacks);
}

/* In place of the kernel's map: each stack has addresses of its own. */
int bpf_map_lookup_elem(int map, const void *key, void *value)
{
	uint32_t number = *(const uint32_t *)key;
	uint64_t *addresses = value;
	size_t i;

	(void)map;
	for (i = 0; i < PER_STACK; i++)
		addresses[i] = (uint64_t)number * PER_STACK + i + 2;
	return 0;
}

static int take(const struct record_head *record, void *priv)
{
	(void)record;
	++*(unsigned int *)priv;
	return 0;
}

/* Stack @number of this process. Return: as record_stacks_add(); @records: what it became. */
static int add(struct record_stacks *stacks, struct record_batch *batch, unsigned int number,
	       unsigned int *records)
{
	const struct record_asked asked = {
		.head.tgid = getpid(), .access = 1 + number, .kernel = -EFAULT,
		.user = number,
	};
	int ret = record_stacks_add(stacks, &asked, batch);

	*records = 0;
	record_batch_take(batch, UINT64_MAX, take, records);
	return ret;
}

#define ADD(number)	add(&self->stacks, &self->batch, number, &records)

/* Behind the last frame that has a place: stacks that need another one are counted. */
TEST_F(frames, too_many)
{
	unsigned int records, i;

	for (i = 0; i < NR_WHOLE; i++) {
		ASSERT_EQ(0, ADD(i));
		ASSERT_EQ(PER_STACK + 1, records);
	}
	EXPECT_EQ(NR_WHOLE * PER_STACK, self->stacks.nr);
	EXPECT_EQ(0, self->stacks.full);
	EXPECT_EQ(-ENFILE, ADD(NR_WHOLE));
	EXPECT_EQ(-ENFILE, ADD(NR_WHOLE + 1));
	EXPECT_EQ(2, self->stacks.full);
	EXPECT_EQ(0, self->stacks.lost);
	EXPECT_EQ(STACKS_MAX_FRAMES, self->stacks.nr);
}

/* One whose frames are all there has them still. */
TEST_F(frames, known)
{
	unsigned int records, i;

	for (i = 0; i <= NR_WHOLE + 1; i++)
		ADD(i);
	self->stacks.full = 0;
	memset(self->stacks.seen, 0, STACKS_NR_SEEN * sizeof(*self->stacks.seen));
	EXPECT_EQ(0, ADD(0));
	EXPECT_EQ(1, records);
	EXPECT_EQ(0, ADD(NR_WHOLE - 1));
	EXPECT_EQ(1, records);
	EXPECT_EQ(0, self->stacks.full);
}

/* Only what is looked up takes time: a stack that was seen does not count in a turn. */
TEST_F(frames, turns)
{
	unsigned int records;

	ADD(0);
	ADD(1);
	EXPECT_EQ(2, self->stacks.nr_turn);
	ADD(1);
	EXPECT_EQ(2, self->stacks.nr_turn);
	record_stacks_turn(&self->stacks);
	EXPECT_EQ(0, self->stacks.nr_turn);
	ADD(2);
	EXPECT_EQ(1, self->stacks.nr_turn);
}

TEST_HARNESS_MAIN
