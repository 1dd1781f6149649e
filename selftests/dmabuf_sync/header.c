// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user ABI's header compiles alone, without a warning, in each language that programs
 * are written in: the build of this program is that test. And it means the same in all.
 */
#include <kselftest_harness.h>

#include "header/facts.h"

#include "st.h"

extern const struct header_facts header_c89, header_c99, header_c11, header_c23,
				 header_cxx98, header_cxx20;

FIXTURE(header)
{
};

FIXTURE_VARIANT(header)
{
	const struct header_facts *facts;
};

FIXTURE_VARIANT_ADD(header, c89) { .facts = &header_c89 };
FIXTURE_VARIANT_ADD(header, c99) { .facts = &header_c99 };
FIXTURE_VARIANT_ADD(header, c11) { .facts = &header_c11 };
FIXTURE_VARIANT_ADD(header, c23) { .facts = &header_c23 };
FIXTURE_VARIANT_ADD(header, cxx98) { .facts = &header_cxx98 };
FIXTURE_VARIANT_ADD(header, cxx20) { .facts = &header_cxx20 };

FIXTURE_SETUP(header)
{
}

FIXTURE_TEARDOWN(header)
{
}

/* The sizes of the first release: they may grow, by a change of this list. */
TEST_F(header, structures_have_the_documented_size)
{
	static const unsigned long sizes[HEADER_NR_STRUCTS] = {
		24, 64, 16, 64, 32, 32, 16, 16, 24, 16, 32, 40,
	};
	unsigned int i;

	for (i = 0; i < HEADER_NR_STRUCTS; i++)
		EXPECT_EQ(sizes[i], variant->facts->sizes[i]) TH_LOG("structure %u", i);
}

/* Magic 0xBD; direction and size are part of the number. */
TEST_F(header, calls_have_the_documented_numbers)
{
	static const unsigned long calls[HEADER_NR_CALLS] = {
		0xc040bd00, 0x4010bd01, 0xc020bd02, 0xc010bd03, 0xc018bd20, 0xc018bd21,
		0x4010bd22, 0x4010bd23, 0xc020bd24, 0xc028bd25,
	};
	unsigned int i;

	for (i = 0; i < HEADER_NR_CALLS; i++)
		EXPECT_EQ(calls[i], variant->facts->calls[i]) TH_LOG("call %u", i);
}

TEST_F(header, constants_have_the_documented_values)
{
	EXPECT_EQ(7, variant->facts->bits);
	EXPECT_EQ(256, variant->facts->max_set);
	EXPECT_EQ(UINT64_MAX, variant->facts->to_end);
}

TEST_HARNESS_MAIN
