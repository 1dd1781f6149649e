/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings that a test writes itself, so that it knows all of what is in them. */
#ifndef WRITTEN_H
#define WRITTEN_H

#include "../../tools/lib/record_file.h"
#include "../../tools/lib/record_type.h"

/* The buffer of all accesses, and the fence context of all jobs. */
#define WRITTEN_BUFFER	14
#define WRITTEN_ENGINE	99

/* A record at this time, with these words. All return 0 or a negative errno. */
int written_record(int fd, unsigned int kind, unsigned int ms,
		   const unsigned long long *words);
/* An event of access @id; its owner has the same number, its process 1000 more. */
int written_access(int fd, unsigned int kind, unsigned int ms, unsigned long long id,
		   unsigned int dma, const char *comm);
/* @id waits for @blocker. */
int written_edge(int fd, unsigned int ms, unsigned long long id, unsigned long long blocker);
/* An event of the job of access @id, whose fence has number 7. */
int written_fence(int fd, unsigned int kind, unsigned int ms, unsigned long long id);
/* The same, by the thread that made the request; the wait or hold that it ends took @ns. */
int written_event(int fd, unsigned int kind, unsigned int ms, unsigned int id,
		  unsigned long long ns, const char *comm);
/*
 * The first 150 ms of a recording from 2020-09-13T12:26:44Z on, of a udmabuf called "frame":
 *
 *	A  ├── holds ─────────────┤
 *	B          ├─ waits ──────┼─ holds ──┤
 *	   0       20             110        150
 */
int written_scene(int fd);
/* The last block. */
int written_end(int fd, unsigned int ms);

#endif /* WRITTEN_H */
