// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-exporter: what dmasync-top shows, as metrics for Prometheus.
 *
 * One thread waits for connections and signals. The programs count in the kernel; what they
 * have summed up is read when somebody asks.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "exporter_http.h"
#include "exporter_listen.h"
#include "exporter_metrics.h"
#include "exporter_process.h"
#include "signals.h"

#define DEFAULT_LISTEN	"127.0.0.1:9788"
/* How often to look for a module that is not there. */
#define LOOK_MS		500

/**
 * struct server - the program
 * @options: from the command line
 * @exporter: what it knows
 * @sockets: where it listens
 * @http: who asks
 * @signals: a signalfd
 * @done: it was told to end
 */
struct server {
	struct exporter_options options;
	struct exporter exporter;
	struct listen_sockets sockets;
	struct exporter_http http;
	int signals;
	bool done;
};

static void server_listen(struct server *server)
{
	const char *where = server->options.listen;
	char reason[256] = "";
	int nr;

	nr = exporter_listen_inherit(&server->sockets, reason, sizeof(reason));
	if (nr < 0)
		errx(1, "%s", reason);
	if (nr && where)
		errx(1, "--listen %s: a service manager has handed over sockets (LISTEN_FDS): set ListenStream= of the socket unit instead",
		     where);
	if (!nr && exporter_listen_open(&server->sockets, where ?: DEFAULT_LISTEN, reason,
					sizeof(reason)))
		errx(1, "%s", reason);
}

static void server_say_where(const struct server *server)
{
	char name[96];
	unsigned int i;

	for (i = 0; i < server->sockets.nr; i++) {
		exporter_listen_name(server->sockets.fds[i], name, sizeof(name));
		fprintf(stderr, "%s: serving http://%s/metrics\n",
			program_invocation_short_name, name);
	}
}

/* The session is in another state, or not: @ret is of session_update(). */
static void server_changed(const struct server *server, int ret)
{
	if (ret < 0)
		errx(1, "%s", server->exporter.session.text);
	if (ret > 0)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name,
			server->exporter.session.text);
}

static void server_signal(struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			server_changed(server, exporter_toggle(&server->exporter));
		else
			server->done = true;
	}
}

static int server_page(void *priv, enum exposition_format format, struct exposition *page)
{
	struct exporter *exporter = priv;

	exporter_refresh(exporter);
	return exporter_metrics_write(exporter, format, page);
}

static int server_timeout_ms(const struct server *server)
{
	int ms = exporter_http_timeout_ms(&server->http);

	if (server->exporter.session.state == SESSION_ATTACHED)
		return ms;
	return ms < 0 || ms > LOOK_MS ? LOOK_MS : ms;
}

/* Sleep until somebody wants something, and do it. */
static void server_step(struct server *server)
{
	struct pollfd fds[LISTEN_MAX + 2] = {
		{ .fd = server->signals, .events = POLLIN },
		{ .fd = exporter_http_fd(&server->http), .events = POLLIN },
	};
	unsigned int i;

	for (i = 0; i < server->sockets.nr; i++)
		fds[2 + i] = (struct pollfd){ .fd = server->sockets.fds[i], .events = POLLIN };
	poll(fds, 2 + server->sockets.nr, server_timeout_ms(server));
	if (fds[0].revents)
		server_signal(server);
	server_changed(server, exporter_update(&server->exporter));
	for (i = 0; i < server->sockets.nr; i++)
		if (fds[2 + i].revents)
			exporter_http_accept(&server->http, server->sockets.fds[i]);
	exporter_http_run(&server->http);
}

static void server_start(struct server *server)
{
	int ret;

	/* Who asked may be gone. */
	signal(SIGPIPE, SIG_IGN);
	server->signals = signals_open();
	exporter_init(&server->exporter, &server->options);
	ret = exporter_process_drop();
	if (ret)
		errx(1, "privileges cannot be given up: %s", strerror(-ret));
	ret = exporter_http_open(&server->http, server_page, &server->exporter);
	if (ret)
		errx(1, "HTTP cannot be served: %s", strerror(-ret));
	ret = exporter_update(&server->exporter);
	/* Also when there is nothing yet to attach to. */
	server_changed(server, ret ?: 1);
}

int main(int argc, char **argv)
{
	static struct server server;

	exporter_options_parse(&server.options, argc, argv);
	session_libbpf(server.options.verbose);
	if (session_permitted())
		return 1;
	server_listen(&server);
	server_say_where(&server);
	server_start(&server);
	while (!server.done)
		server_step(&server);
	exporter_http_close(&server.http);
	exporter_end(&server.exporter);
	return 0;
}
