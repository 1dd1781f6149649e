/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets that dmasync-exporter is asked on. */
#ifndef EXPORTER_LISTEN_H
#define EXPORTER_LISTEN_H

#include <stddef.h>

#define LISTEN_MAX	8

/**
 * struct listen_sockets - sockets that listen, none of which blocks
 * @fds: the sockets
 * @nr: how many
 */
struct listen_sockets {
	int fds[LISTEN_MAX];
	unsigned int nr;
};

/*
 * Take the sockets that a service manager hands over (LISTEN_FDS).
 * Return: how many there are, or a negative errno; @reason then has a sentence.
 */
int exporter_listen_inherit(struct listen_sockets *sockets, char *reason, size_t size);
/*
 * Listen on "ADDRESS:PORT"; an address of IPv6 is in brackets. Return: 0 or a negative errno;
 * @reason then has a sentence.
 */
int exporter_listen_open(struct listen_sockets *sockets, const char *where, char *reason,
			 size_t size);

/* "ADDRESS:PORT" of a socket, as a URL has it. */
void exporter_listen_name(int fd, char *name, size_t size);

#endif /* EXPORTER_LISTEN_H */
