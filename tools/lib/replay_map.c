// SPDX-License-Identifier: GPL-2.0-only
#include "replay_map.h"

#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MAPS	16

struct replay_map {
	const void *name;
	unsigned int type;
	size_t key_size;
	size_t value_size;
	void *root;
	size_t nr;
};

/* An entry: the key follows, then the value, each at a multiple of 8 bytes. */
struct map_entry {
	const struct replay_map *map;
	uint64_t data[];
};

/* What twalk_r() hands on. */
struct map_visit {
	void (*fn)(const void *key, void *value, void *priv);
	void *priv;
};

static struct replay_map maps[MAX_MAPS];

static size_t map_words(size_t size)
{
	return (size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static void *map_value(struct map_entry *entry)
{
	return entry->data + map_words(entry->map->key_size);
}

struct replay_map *replay_map(const void *name, unsigned int type, size_t key_size,
			      size_t value_size)
{
	size_t i;

	for (i = 0; i < MAX_MAPS && maps[i].name && maps[i].name != name; i++)
		;
	if (i == MAX_MAPS)
		errx(1, "the programs have more than %d maps", MAX_MAPS);
	if (!maps[i].name)
		maps[i] = (struct replay_map){ name, type, key_size, value_size, NULL, 0 };
	return &maps[i];
}

static int map_compare(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;

	return memcmp(x->data, y->data, x->map->key_size);
}

static struct map_entry *map_new(const struct replay_map *map, const void *key)
{
	struct map_entry *entry;

	entry = calloc(1, sizeof(*entry) + (map_words(map->key_size) +
					    map_words(map->value_size)) * sizeof(uint64_t));
	if (!entry)
		err(1, "no memory for %zu entries of a map", map->nr);
	entry->map = map;
	memcpy(entry->data, key, map->key_size);
	return entry;
}

/* The entry with this key: it is there afterwards; @is_new tells whether it was not before. */
static struct map_entry *map_get(struct replay_map *map, const void *key, bool *is_new)
{
	struct map_entry *entry = map_new(map, key), **place;

	place = tsearch(entry, &map->root, map_compare);
	if (!place)
		err(1, "no memory for %zu entries of a map", map->nr);
	*is_new = *place == entry;
	if (*is_new)
		map->nr++;
	else
		free(entry);
	return *place;
}

static bool map_is_array(const struct replay_map *map)
{
	return map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS;
}

static struct map_entry **map_place(struct replay_map *map, const void *key)
{
	/* A key is not longer than two parties. */
	uint64_t room[sizeof(struct map_entry) / sizeof(uint64_t) + 16];
	struct map_entry *entry = (struct map_entry *)room;

	if (map->key_size > sizeof(room) - sizeof(*entry))
		errx(1, "a map has keys of %zu bytes", map->key_size);
	entry->map = map;
	memcpy(entry->data, key, map->key_size);
	return tfind(entry, &map->root, map_compare);
}

void *replay_map_find(struct replay_map *map, const void *key)
{
	struct map_entry **place = map_place(map, key);
	bool is_new;

	if (!place && map_is_array(map))
		return map_value(map_get(map, key, &is_new));
	return place ? map_value(*place) : NULL;
}

int replay_map_update(struct replay_map *map, const void *key, const void *value,
		      uint64_t flags)
{
	struct map_entry *entry;
	bool is_new;

	entry = map_get(map, key, &is_new);
	if (!is_new && flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(map_value(entry), value, map->value_size);
	return 0;
}

int replay_map_delete(struct replay_map *map, const void *key)
{
	struct map_entry **place = map_place(map, key), *entry;

	if (!place)
		return -ENOENT;
	entry = *place;
	tdelete(entry, &map->root, map_compare);
	free(entry);
	map->nr--;
	return 0;
}

static void map_visit(const void *node, VISIT order, void *closure)
{
	struct map_entry *entry = *(struct map_entry *const *)node;
	struct map_visit *visit = closure;

	if (order == postorder || order == leaf)
		visit->fn(entry->data, map_value(entry), visit->priv);
}

void replay_map_each(struct replay_map *map,
		     void (*fn)(const void *key, void *value, void *priv), void *priv)
{
	struct map_visit visit = { fn, priv };

	twalk_r(map->root, map_visit, &visit);
}

void replay_map_reset(void)
{
	size_t i;

	for (i = 0; i < MAX_MAPS; i++) {
		tdestroy(maps[i].root, free);
		maps[i].root = NULL;
		maps[i].nr = 0;
	}
}

size_t replay_map_nr(const struct replay_map *map)
{
	return map->nr;
}
