/* SPDX-License-Identifier: GPL-2.0-only */
/* Record locks, for the tests: a call in a line, processes that lock, who is in the way. */
#ifndef _LOCKS_H
#define _LOCKS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "st.h"

#define ALL_BYTES	0, 0

static inline struct flock lk(short type, off_t start, off_t len)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET,
			       .l_start = start, .l_len = len };
}

/* 0 or a negative errno. */
static inline int lk_do(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock fl = lk(type, start, len);

	return fcntl(fd, cmd, &fl) ? -errno : 0;
}

static inline int lk_try(int fd, short type, off_t start, off_t len)
{
	return lk_do(fd, F_SETLK, type, start, len);
}

static inline int lk_wait(int fd, short type, off_t start, off_t len)
{
	return lk_do(fd, F_SETLKW, type, start, len);
}

/**
 * struct lk_peer - a process that locks on command
 * @pid: its process
 * @to: commands
 * @from: results
 */
struct lk_peer {
	pid_t pid;
	int to, from;
};

struct lk_command {
	int fd, cmd;
	short type;
	off_t start, len;
};

static inline void lk_peer_serve(int from, int to)
{
	struct lk_command c;
	int ret;

	while (read(from, &c, sizeof(c)) == sizeof(c)) {
		if (c.cmd < 0)
			ret = close(c.fd) ? -errno : 0;
		else
			ret = lk_do(c.fd, c.cmd, c.type, c.start, c.len);
		if (write(to, &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(0);
}

static inline int lk_peer_start(struct lk_peer *peer)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -errno;
	peer->pid = st_fork();
	if (!peer->pid) {
		close(to[1]);
		close(from[0]);
		lk_peer_serve(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	peer->to = to[1];
	peer->from = from[0];
	return peer->pid < 0 ? -errno : 0;
}

static inline int lk_peer_begin(struct lk_peer *peer, int fd, int cmd, short type,
				off_t start, off_t len)
{
	struct lk_command c = { fd, cmd, type, start, len };

	return write(peer->to, &c, sizeof(c)) == sizeof(c) ? 0 : -errno;
}

/* -ETIME when it does not return. */
static inline int lk_peer_end_ms(struct lk_peer *peer, unsigned int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	fd_set set;
	int ret;

	FD_ZERO(&set);
	FD_SET(peer->from, &set);
	if (select(peer->from + 1, &set, NULL, NULL, &tv) != 1)
		return -ETIME;
	return read(peer->from, &ret, sizeof(ret)) == sizeof(ret) ? ret : -EPIPE;
}

static inline int lk_peer_end(struct lk_peer *peer)
{
	return lk_peer_end_ms(peer, ST_SOON_MS);
}

static inline bool lk_peer_blocked(struct lk_peer *peer)
{
	return lk_peer_end_ms(peer, ST_WHILE_MS) == -ETIME &&
	       st_task_state(peer->pid) == 'S';
}

static inline int lk_peer_do(struct lk_peer *peer, int fd, int cmd, short type,
			     off_t start, off_t len)
{
	return lk_peer_begin(peer, fd, cmd, type, start, len) ?: lk_peer_end(peer);
}

static inline int lk_peer_try(struct lk_peer *peer, int fd, short type, off_t start,
			      off_t len)
{
	return lk_peer_do(peer, fd, F_SETLK, type, start, len);
}

static inline void lk_peer_stop(struct lk_peer *peer)
{
	close(peer->to);
	close(peer->from);
	kill(peer->pid, SIGKILL);
	st_child_wait(peer->pid);
}

/* Records of the inode in /proc/locks. */
static inline int lk_records(uint64_t ino)
{
	char line[256], want[32];
	FILE *f = fopen("/proc/locks", "re");
	int nr = 0;

	if (!f)
		return -errno;
	snprintf(want, sizeof(want), ":%llu ", (unsigned long long)ino);
	while (fgets(line, sizeof(line), f))
		nr += !!strstr(line, want);
	fclose(f);
	return nr;
}

/* A line of /proc/locks: "N: POSIX ADVISORY WRITE PID MAJ:MIN:INO START END". */
static inline bool lk_line_is_lock(const char *line, uint64_t ino, char *text, size_t size)
{
	unsigned long long start, found;
	char mode[8], end[24];

	if (sscanf(line, "%*d: POSIX %*s %7s %*d %*x:%*x:%llu %llu %23s", mode, &found, &start,
		   end) != 4 || found != ino)
		return false;
	snprintf(text, size, "%llu-%s%s", start, end, mode[0] == 'W' ? "w" : "r");
	return true;
}

struct lk_text {
	char text[48];
};

static inline int lk_text_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

static inline void lk_text_join(struct lk_text *list, int nr, char *text, size_t size)
{
	size_t used = 0;
	int i;

	text[0] = 0;
	qsort(list, nr, sizeof(*list), lk_text_cmp);
	for (i = 0; i < nr && used < size; i++)
		used += snprintf(text + used, size - used, " %s", list[i].text);
}

#define LK_MANY		256

/* The records of the inode in @text, in an order that is nobody's business. */
static inline void lk_records_text(uint64_t ino, char *text, size_t size)
{
	static struct lk_text list[LK_MANY];
	FILE *f = fopen("/proc/locks", "re");
	char line[256];
	int nr = 0;

	while (f && nr < LK_MANY && fgets(line, sizeof(line), f))
		nr += lk_line_is_lock(line, ino, list[nr].text, sizeof(list[nr].text));
	if (f)
		fclose(f);
	lk_text_join(list, nr, text, size);
}

/* The accesses that are held by fcntl(), in the same form. */
static inline void lk_accesses_text(uint64_t ino, char *text, size_t size)
{
	static struct st_snap snaps[LK_MANY];
	static struct lk_text list[LK_MANY];
	int all = st_snapshot(ino, snaps, LK_MANY), nr = 0, i;
	char end[24];

	for (i = 0; i < all; i++) {
		if (snaps[i].edge || strcmp(snaps[i].state, "acquired") ||
		    strcmp(snaps[i].kind, "fcntl"))
			continue;
		snprintf(end, sizeof(end), "%llu",
			 (unsigned long long)(snaps[i].start + snaps[i].len - 1));
		snprintf(list[nr++].text, sizeof(list[0].text), "%llu-%s%s",
			 (unsigned long long)snaps[i].start,
			 snaps[i].start + snaps[i].len - 1 == INT64_MAX ? "EOF" : end,
			 strcmp(snaps[i].mode, "r") ? "w" : "r");
	}
	lk_text_join(list, nr, text, size);
}

/* Is each record an access, and the other way round? Nobody locks meanwhile. */
static inline bool lk_alike(uint64_t ino)
{
	static char records[LK_MANY * 48], accesses[LK_MANY * 48];

	lk_records_text(ino, records, sizeof(records));
	lk_accesses_text(ino, accesses, sizeof(accesses));
	if (!strcmp(records, accesses))
		return true;
	printf("# records:%s\n# accesses:%s\n", records, accesses);
	return false;
}

#endif /* _LOCKS_H */
