/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of the kernel and its modules, from /proc/kallsyms. */
#ifndef KSYMS_H
#define KSYMS_H

#include <stddef.h>

#include "stack_place.h"

/**
 * struct ksym - a function
 * @address: where it begins
 * @name: in @ksyms.names
 * @module: likewise; 0: none
 */
struct ksym {
	uint64_t address;
	uint32_t name;
	uint32_t module;
};

/**
 * struct ksyms - all of them
 * @symbols: by address
 * @nr: how many
 * @max: room
 * @names: texts, one behind the other
 * @size: bytes in use
 * @room: bytes there are
 * @modules: stands for the modules that were there
 */
struct ksyms {
	struct ksym *symbols;
	size_t nr, max;
	char *names;
	size_t size, room;
	uint64_t modules;
};

/*
 * Read them, if modules came or went since the last time. Return: 0, or a negative errno:
 * -EPERM when this process does not get to see addresses.
 */
int ksyms_update(struct ksyms *ksyms);
void ksyms_place(const struct ksyms *ksyms, uint64_t address, struct stack_place *place);
void ksyms_free(struct ksyms *ksyms);

#endif /* KSYMS_H */
