// SPDX-License-Identifier: GPL-2.0-only
#include "ksyms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KALLSYMS	"/proc/kallsyms"
#define MODULES		"/proc/modules"

/* FNV-1a. */
#define HASH_BEGIN	0xcbf29ce484222325ULL
#define HASH_FACTOR	0x100000001b3ULL

/* Names and addresses of the modules; their users come and go all the time. */
static uint64_t ksyms_modules(void)
{
	char line[512], name[64], address[32], what[128];
	FILE *file = fopen(MODULES, "re");
	uint64_t hash = HASH_BEGIN;
	const char *at;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %*s %*s %*s %*s %31s", name, address) != 2)
			continue;
		snprintf(what, sizeof(what), "%s %s;", name, address);
		for (at = what; *at; at++)
			hash = (hash ^ (unsigned char)*at) * HASH_FACTOR;
	}
	if (file)
		fclose(file);
	return hash;
}

/* Where the text is now, or 0 without memory. */
static uint32_t ksyms_text(struct ksyms *ksyms, const char *text)
{
	size_t length = strlen(text) + 1, room = ksyms->room ? ksyms->room * 2 : 1U << 20;
	uint32_t at = ksyms->size;
	char *names;

	if (ksyms->size + length > ksyms->room) {
		names = room <= UINT32_MAX ? realloc(ksyms->names, room) : NULL;
		if (!names)
			return 0;
		ksyms->names = names;
		ksyms->room = room;
	}
	memcpy(ksyms->names + at, text, length);
	ksyms->size += length;
	return at;
}

static int ksyms_add(struct ksyms *ksyms, uint64_t address, const char *name,
		     const char *module)
{
	size_t max = ksyms->max ? ksyms->max * 2 : 65536;
	struct ksym *symbols = ksyms->symbols;
	struct ksym symbol = { .address = address };

	if (ksyms->nr == ksyms->max) {
		symbols = reallocarray(symbols, max, sizeof(*symbols));
		if (!symbols)
			return -ENOMEM;
		ksyms->symbols = symbols;
		ksyms->max = max;
	}
	symbol.name = ksyms_text(ksyms, name);
	if (*module)
		symbol.module = ksyms_text(ksyms, module);
	ksyms->symbols[ksyms->nr++] = symbol;
	return symbol.name ? 0 : -ENOMEM;
}

/* "ffffffff81000000 T name	[module]" */
static int ksyms_line(struct ksyms *ksyms, const char *line)
{
	char name[PLACE_NAME], module[64] = "", type;
	uint64_t address;

	if (sscanf(line, "%" SCNx64 " %c %95s [%63[^]\n]", &address, &type, name, module) < 3)
		return 0;
	if (!address || !strchr("tTwW", type))
		return 0;
	return ksyms_add(ksyms, address, name, module);
}

static int ksyms_compare(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static int ksyms_read(struct ksyms *ksyms)
{
	FILE *file = fopen(KALLSYMS, "re");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!file)
		return -errno;
	ksyms->nr = 0;
	ksyms->size = 0;
	/* Place 0 is none. */
	ksyms_text(ksyms, "");
	while (!err && getline(&line, &size, file) > 0)
		err = ksyms_line(ksyms, line);
	free(line);
	fclose(file);
	if (ksyms->nr)
		qsort(ksyms->symbols, ksyms->nr, sizeof(*ksyms->symbols), ksyms_compare);
	return err ?: ksyms->nr ? 0 : -EPERM;
}

int ksyms_update(struct ksyms *ksyms)
{
	uint64_t modules = ksyms_modules();
	int err;

	if (modules == ksyms->modules)
		return 0;
	err = ksyms_read(ksyms);
	/* A part of the table would have wrong names. */
	if (err)
		ksyms->nr = 0;
	/* Without permission there is nothing to read again. */
	ksyms->modules = !err || err == -EPERM ? modules : 0;
	return err;
}

void ksyms_place(const struct ksyms *ksyms, uint64_t address, struct stack_place *place)
{
	size_t low = 0, high = ksyms->nr;
	const struct ksym *symbol;

	*place = (struct stack_place){ .kernel = 1, .offset = address };
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ksyms->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return;
	symbol = &ksyms->symbols[low - 1];
	place->offset = address - symbol->address;
	snprintf(place->name, sizeof(place->name), "%s", ksyms->names + symbol->name);
	snprintf(place->file, sizeof(place->file), "%s", ksyms->names + symbol->module);
}

void ksyms_free(struct ksyms *ksyms)
{
	free(ksyms->symbols);
	free(ksyms->names);
	*ksyms = (struct ksyms){ 0 };
}
