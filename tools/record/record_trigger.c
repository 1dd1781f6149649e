// SPDX-License-Identifier: GPL-2.0-only
#include "record_trigger.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_type.h"
#include "../../bpf/dmasync_top.h"

#define WAIT		"wait="
#define MAX_MS		1e9

/* Words of the events of an access. */
#define WORD_INO	0
#define WORD_ACCESS	1
#define ACQUIRED_TIME	10
#define FAILED_TIME	4

static int trigger_parse_wait(struct record_trigger *trigger, const char *text)
{
	char *end;
	double ms = strtod(text, &end);

	if (end == text || *end || !(ms > 0 && ms <= MAX_MS))
		return -EINVAL;
	trigger->wait_ns = llround(ms * 1e6);
	return trigger->wait_ns ? 0 : -EINVAL;
}

int record_trigger_parse(struct record_trigger *trigger, const char *text)
{
	if (!strncmp(text, WAIT, strlen(WAIT)))
		return trigger_parse_wait(trigger, text + strlen(WAIT));
	if (!strcmp(text, "deadlock"))
		trigger->deadlock = true;
	else if (!strcmp(text, "revoked"))
		trigger->revoked = true;
	else
		return -EINVAL;
	return 0;
}

/* The first reason stands. */
static void trigger_fire(struct record_trigger *trigger, const char *what, uint64_t ino,
			 uint64_t access)
{
	if (!trigger->text[0])
		snprintf(trigger->text, sizeof(trigger->text),
			 "%s: access %" PRIu64 " of buffer %" PRIu64, what, access, ino);
}

static void trigger_waited(struct record_trigger *trigger, uint64_t ino, uint64_t access,
			   uint64_t ns)
{
	char what[48];

	if (!trigger->wait_ns || ns < trigger->wait_ns)
		return;
	snprintf(what, sizeof(what), "wait of %" PRIu64 ".%03" PRIu64 " ms", ns / 1000000,
		 ns / 1000 % 1000);
	trigger_fire(trigger, what, ino, access);
}

static struct trigger_wait *trigger_place(struct record_trigger *trigger, uint64_t access)
{
	return &trigger->waits[access % TRIGGER_NR_WAITS];
}

static void trigger_wait_begins(struct record_trigger *trigger, uint64_t ino,
				uint64_t access, uint64_t since_ns)
{
	struct trigger_wait *wait = trigger_place(trigger, access);

	/* It may have looked again. */
	if (wait->access != access)
		*wait = (struct trigger_wait){ access, ino, since_ns };
}

static void trigger_wait_ends(struct record_trigger *trigger, const unsigned long long *words,
			      uint64_t ns)
{
	struct trigger_wait *wait = trigger_place(trigger, words[WORD_ACCESS]);

	trigger_waited(trigger, words[WORD_INO], words[WORD_ACCESS], ns);
	if (wait->access == words[WORD_ACCESS])
		wait->access = 0;
}

void record_trigger_record(struct record_trigger *trigger, const struct record_head *head)
{
	const unsigned long long *words = ((const struct record *)head)->words;

	switch (head->kind) {
	case RECORD_CONTENDED:
		trigger_wait_begins(trigger, words[WORD_INO], words[WORD_ACCESS],
				    head->time_ns);
		break;
	case RECORD_THERE:
		if (words[THERE_STATE] < TOP_STATE_HELD)
			trigger_wait_begins(trigger, words[THERE_INO], words[THERE_ACCESS],
					    words[THERE_SINCE]);
		break;
	case RECORD_ACQUIRED:
		trigger_wait_ends(trigger, words, words[ACQUIRED_TIME]);
		break;
	case RECORD_FAILED:
		trigger_wait_ends(trigger, words, words[FAILED_TIME]);
		break;
	case RECORD_DEADLOCK:
		if (trigger->deadlock)
			trigger_fire(trigger, "deadlock", words[WORD_INO], words[WORD_ACCESS]);
		break;
	case RECORD_REVOKED:
		if (trigger->revoked)
			trigger_fire(trigger, "revoked", words[WORD_INO], words[WORD_ACCESS]);
		break;
	}
}

void record_trigger_ask(struct record_trigger *trigger, const char *who)
{
	if (!trigger->text[0])
		snprintf(trigger->text, sizeof(trigger->text), "%s", who);
}

void record_trigger_look(struct record_trigger *trigger, uint64_t now_ns)
{
	const struct trigger_wait *wait;
	unsigned int i;

	for (i = 0; i < TRIGGER_NR_WAITS && trigger->wait_ns; i++) {
		wait = &trigger->waits[i];
		if (wait->access && now_ns > wait->since_ns)
			trigger_waited(trigger, wait->ino, wait->access,
				       now_ns - wait->since_ns);
	}
}
