/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of BPF programs that run in user space: without a limit, and an entry stays where it is
 * until it is deleted.
 */
#ifndef REPLAY_MAP_H
#define REPLAY_MAP_H

#include <stddef.h>
#include <stdint.h>

struct replay_map;

/**
 * struct replay_now - what the running program is told
 * @time_ns: the time
 * @tgid: process
 * @tid: thread
 * @comm: its name
 */
struct replay_now {
	uint64_t time_ns;
	uint32_t tgid;
	uint32_t tid;
	char comm[16];
};

extern struct replay_now replay_now;

/* The map that a program knows by this address. @type: enum bpf_map_type. */
struct replay_map *replay_map(const void *name, unsigned int type, size_t key_size,
			      size_t value_size);
/* The value, or NULL; arrays have all of theirs. */
void *replay_map_find(struct replay_map *map, const void *key);
/* @flags: BPF_ANY or BPF_NOEXIST. Return: 0 or -EEXIST. */
int replay_map_update(struct replay_map *map, const void *key, const void *value,
		      uint64_t flags);
int replay_map_delete(struct replay_map *map, const void *key);
/* Call @fn for each entry, in the order of the bytes of their keys. */
void replay_map_each(struct replay_map *map,
		     void (*fn)(const void *key, void *value, void *priv), void *priv);
/* Begin anew: no map has an entry. */
void replay_map_reset(void);
size_t replay_map_nr(const struct replay_map *map);

/* An event that a program has: room for it, and then it is kept. */
void *replay_event_new(size_t size);
void replay_event_add(void *event);

#endif /* REPLAY_MAP_H */
