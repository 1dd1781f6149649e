/* SPDX-License-Identifier: GPL-2.0-only */
/* A place in a program: what an address of a stack is called. */
#ifndef STACK_PLACE_H
#define STACK_PLACE_H

#include <stdint.h>

#define PLACE_NAME	96
#define PLACE_FILE	128

/**
 * struct stack_place - a place
 * @kernel: 1: in the kernel
 * @offset: from the begin of @name, or else of @file, or else an address
 * @name: of the function, or empty
 * @file: of the program or library, or module; may be empty
 */
struct stack_place {
	uint64_t kernel;
	uint64_t offset;
	char name[PLACE_NAME];
	char file[PLACE_FILE];
};

#endif /* STACK_PLACE_H */
