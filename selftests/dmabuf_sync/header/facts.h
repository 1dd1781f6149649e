/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FACTS_H
#define FACTS_H

#define HEADER_NR_STRUCTS	12
#define HEADER_NR_CALLS		10

/* What one language makes of the header. */
struct header_facts {
	unsigned long sizes[HEADER_NR_STRUCTS];
	unsigned long calls[HEADER_NR_CALLS];
	unsigned long bits;
	unsigned long max_set;
	unsigned long to_end;
};

#endif /* FACTS_H */
