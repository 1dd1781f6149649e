/* SPDX-License-Identifier: GPL-2.0-only */
/* Wait chains: the wait-for graph of a model as trees of text lines. */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "wait_graph.h"

/* Rows that are kept: those of the chains in which most is waited for. */
#define CHAIN_MAX_ROWS	8192

/**
 * struct chain_row - an access in a chain; those that wait for it follow, one deeper
 * @access: the access
 * @depth: 0 where a chain begins: its root, which is what all others there wait for
 * @blocks: of a root: how many wait for it, directly or not
 * @blocked_ns: for how long they have, in all
 * @again: those that wait for it are shown further up
 * @cut: some of what it waits for is not shown
 * @cycle: it waits for itself: any of them could be the root
 * @past: of a recording: what its task does now says nothing
 */
struct chain_row {
	struct model_access *access;
	unsigned int depth;
	unsigned int blocks;
	uint64_t blocked_ns;
	bool again;
	bool cut;
	bool cycle;
	bool past;
};

/**
 * struct chains - all chains, one after the other: cycles, then what most is waited for
 * @graph: what they are made of
 * @rows: their accesses
 * @nr: how many
 * @max: room
 * @nr_more: rows for which there was no room
 * @roots: a row each
 * @nr_roots: how many
 * @max_roots: room
 * @todo: rows that come next, the last one first
 * @nr_todo: how many
 * @max_todo: room
 */
struct chains {
	struct wait_graph graph;
	struct chain_row *rows;
	size_t nr, max;
	size_t nr_more;
	struct chain_row *roots;
	size_t nr_roots, max_roots;
	struct chain_row *todo;
	size_t nr_todo, max_todo;
};

/* @chains is valid as long as the accesses of @model are. */
void chain_build(struct chains *chains, struct model *model);
void chain_free(struct chains *chains);

#endif /* CHAIN_H */
