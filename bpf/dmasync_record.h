/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dmasync-record's BPF programs and the tools share: the records of a recording. A record
 * is a head and the arguments of a trace event as the kernel passes them, 64 bits each; what
 * they are called and mean is in docs/trace-events.rst, and tools/lib/record_type.c lists them.
 * Needs no other header; all sizes are the same for every compiler and target.
 */
#ifndef DMASYNC_RECORD_H
#define DMASYNC_RECORD_H

/* In a file a type goes by its name, so a new one may be put anywhere before the last. */
enum record_kind {
	RECORD_REQUEST = 1,
	RECORD_ACQUIRED,
	RECORD_RELEASED,
	RECORD_ABANDONED,
	RECORD_REVOKED,
	RECORD_FAILED,
	RECORD_CONTENDED,
	RECORD_DEADLOCK,
	RECORD_COMMIT,
	RECORD_BEGAN,
	RECORD_SIGNALED,
	RECORD_FENCE_WAIT_BEGIN,
	RECORD_FENCE_WAIT_END,
	RECORD_TIMELINE,
	RECORD_BUFFER,
	RECORD_BACKOFF,
	RECORD_CPU_ACCESS_BEGIN,
	RECORD_CPU_ACCESS_END,
	RECORD_POINT_SIGNAL,
	RECORD_POINT_WAIT_BEGIN,
	RECORD_POINT_WAIT_END,
	/* Not of events: what the kernel's snapshot has, behind a record that tells of it. */
	RECORD_SNAPSHOT,
	RECORD_THERE,
	RECORD_BLOCKED,
	/* With --stacks: where an access was requested, behind what that place is called. */
	RECORD_FRAME,
	RECORD_STACK,
	RECORD_NR_KINDS,
};

/* The longest records: RECORD_THERE and RECORD_FRAME. */
#define RECORD_MAX_WORDS	32

/* Return addresses of a stack; the outer ones of a deeper one are cut off. */
#define RECORD_STACK_DEPTH	64

/**
 * struct record_head - how each record begins
 * @time_ns: CLOCK_MONOTONIC
 * @kind: enum record_kind
 * @size: bytes of the record, this head included
 * @cpu: where it happened
 * @tgid: process that ran there, and need not be the one that the event is about
 * @tid: thread, likewise
 */
struct record_head {
	unsigned long long time_ns;
	unsigned short kind;
	unsigned short size;
	unsigned int cpu;
	unsigned int tgid;
	unsigned int tid;
};

/**
 * struct record - any record
 * @head: the head
 * @words: the arguments, those that there are
 */
struct record {
	struct record_head head;
	unsigned long long words[RECORD_MAX_WORDS];
};

/**
 * struct record_asked - RECORD_STACK on its way to the tool, which makes frames of it
 * @head: the head
 * @access: access id
 * @kernel: number of the kernel's part in the map of stacks, or a negative errno
 * @user: of the process's part
 */
struct record_asked {
	struct record_head head;
	unsigned long long access;
	long long kernel;
	long long user;
};

#endif /* DMASYNC_RECORD_H */
