/* SPDX-License-Identifier: GPL-2.0-only */
/* When the flight recorder writes: a wait that is too long, a deadlock, a revoked access. */
#ifndef RECORD_TRIGGER_H
#define RECORD_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/dmasync_record.h"

/* Requests that wait, of which it is known since when. */
#define TRIGGER_NR_WAITS	4096

/* A request that waits; @access is 0 in a place that is free. */
struct trigger_wait {
	uint64_t access;
	uint64_t ino;
	uint64_t since_ns;
};

/**
 * struct record_trigger - what is waited for
 * @wait_ns: a wait of this length, over or not; 0: none
 * @deadlock: a request that is refused because of a cycle
 * @revoked: an access whose lease is over
 * @waits: those that are not over, by the access. Of two with one place the latter is known;
 *	the other one is seen when it is over
 * @text: what has happened, empty while nothing has
 */
struct record_trigger {
	uint64_t wait_ns;
	bool deadlock;
	bool revoked;
	struct trigger_wait waits[TRIGGER_NR_WAITS];
	char text[128];
};

/* "wait=MILLISECONDS", "deadlock" or "revoked". Return: 0 or -EINVAL. */
int record_trigger_parse(struct record_trigger *trigger, const char *text);
/* The next record. */
void record_trigger_record(struct record_trigger *trigger, const struct record_head *record);
/* Somebody asks for it. */
void record_trigger_ask(struct record_trigger *trigger, const char *who);
/* Time has passed. */
void record_trigger_look(struct record_trigger *trigger, uint64_t now_ns);

#endif /* RECORD_TRIGGER_H */
