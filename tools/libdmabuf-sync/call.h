/* SPDX-License-Identifier: LGPL-2.1-only */
/* What all parts of the library share. */
#ifndef CALL_H
#define CALL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Arrays of these are handed to the kernel as they are: the library's structures are those of
 * the kernel's first release, whatever the kernel's have become since.
 */
#define SAME_MEMBER(ours, member, theirs, other)				\
	_Static_assert(offsetof(ours, member) == offsetof(theirs, other),	\
		       #member " must be where the kernel has it")

#define SAME_VALUE(ours, theirs)						\
	_Static_assert((ours) == (theirs), #ours " must have the kernel's value")

/* Return: 0 or more, or a negative errno. */
int call(int fd, unsigned long request, void *arg);

static inline uint64_t call_pointer(const void *pointer)
{
	return (uintptr_t)pointer;
}

#endif /* CALL_H */
