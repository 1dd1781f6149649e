// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first one that a service manager hands over. */
#define INHERITED	3
#define BACKLOG		16

static long listen_env(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

/* It is a socket that listens, and accept() will not wait. */
static int listen_take(struct listen_sockets *sockets, int fd)
{
	socklen_t len = sizeof(int);
	int listens = 0, flags;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len))
		return -errno;
	if (!listens)
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	sockets->fds[sockets->nr++] = fd;
	return 0;
}

int exporter_listen_inherit(struct listen_sockets *sockets, char *reason, size_t size)
{
	long nr = listen_env("LISTEN_PID") == getpid() ? listen_env("LISTEN_FDS") : 0;
	int i, err;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (nr < 0 || nr > LISTEN_MAX) {
		snprintf(reason, size, "LISTEN_FDS: %ld sockets are handed over, and there is room for %d: use fewer ListenStream= lines",
			 nr, LISTEN_MAX);
		return -EINVAL;
	}
	for (i = 0; i < nr; i++) {
		err = listen_take(sockets, INHERITED + i);
		if (!err)
			continue;
		snprintf(reason, size, "LISTEN_FDS: descriptor %d is not a socket that listens: use ListenStream= with Accept=no",
			 INHERITED + i);
		return err;
	}
	return nr;
}

static int listen_bind(struct listen_sockets *sockets, const struct addrinfo *info)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) || listen(fd, BACKLOG))
		err = -errno;
	else
		err = listen_take(sockets, fd);
	if (err)
		close(fd);
	return err;
}

/* "[::1]:9788" or "127.0.0.1:9788": the parts, without brackets, in @address. */
static const char *listen_split(const char *where, char *address, size_t size)
{
	const char *colon = strrchr(where, ':');
	size_t len = colon ? (size_t)(colon - where) : 0;

	if (len >= 2 && where[0] == '[' && colon[-1] == ']') {
		where++;
		len -= 2;
	} else if (memchr(where, ':', len)) {
		return NULL;
	}
	if (!len || len >= size || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")] ||
	    strtoul(colon + 1, NULL, 10) > 65535)
		return NULL;
	memcpy(address, where, len);
	address[len] = '\0';
	return colon + 1;
}

int exporter_listen_open(struct listen_sockets *sockets, const char *where, char *reason,
			 size_t size)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	}, *info = NULL;
	const char *port;
	char address[64];
	int err;

	port = listen_split(where, address, sizeof(address));
	if (!port || getaddrinfo(address, port, &hints, &info)) {
		snprintf(reason, size, "--listen: '%s' is not ADDRESS:PORT, such as 127.0.0.1:9788, 0.0.0.0:9788 or [::1]:9788",
			 where);
		return -EINVAL;
	}
	err = listen_bind(sockets, info);
	freeaddrinfo(info);
	if (err)
		snprintf(reason, size, "cannot listen on %s: %s; choose another one with --listen ADDRESS:PORT",
			 where, strerror(-err));
	return err;
}

void exporter_listen_name(int fd, char *name, size_t size)
{
	char address[64] = "", port[16] = "";
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) ||
	    getnameinfo((struct sockaddr *)&addr, len, address, sizeof(address), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(name, size, "a socket without address");
	else if (addr.ss_family == AF_INET6)
		snprintf(name, size, "[%s]:%s", address, port);
	else
		snprintf(name, size, "%s:%s", address, port);
}
