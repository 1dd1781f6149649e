/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FACTS_H
#define FACTS_H

#define HEADER_NR_STRUCTS	14
#define HEADER_NR_CALLS		12

/* The sizes of the first release, and the numbers: magic 0xBD, direction, size. */
#define HEADER_SIZES	{ 24, 64, 16, 88, 80, 32, 16, 72, 16, 24, 16, 32, 40, 40 }
#define HEADER_CALLS	{						\
	0xc040bd00, 0x4010bd01, 0xc050bd02, 0xc010bd03, 0xc048bd04,	\
	0xc018bd20, 0xc018bd21, 0x4010bd22, 0x4010bd23, 0xc020bd24,	\
	0xc028bd25, 0xc028bd05						\
}

/* What one language makes of the header. */
struct header_facts {
	unsigned long sizes[HEADER_NR_STRUCTS];
	unsigned long calls[HEADER_NR_CALLS];
	unsigned long bits;
	unsigned long max_set;
	unsigned long long to_end;
};

/* What a 32-bit program makes of it (compat.d). */
extern const struct header_facts header_i386;

#endif /* FACTS_H */
