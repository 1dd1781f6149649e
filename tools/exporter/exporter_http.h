/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP for whoever asks: /metrics, and a page that says so. Nothing happens outside the calls
 * below: there is no thread behind them.
 */
#ifndef EXPORTER_HTTP_H
#define EXPORTER_HTTP_H

#include "exposition.h"

struct MHD_Daemon;

/* Write the page. Return: 0 or a negative errno; @page->text is freed in any case. */
typedef int (*exporter_http_fn)(void *priv, enum exposition_format format,
				struct exposition *page);

/**
 * struct exporter_http - connections
 * @daemon: of libmicrohttpd
 * @write: makes what is asked for
 * @priv: handed to @write
 */
struct exporter_http {
	struct MHD_Daemon *daemon;
	exporter_http_fn write;
	void *priv;
};

/* Return: 0 or a negative errno. */
int exporter_http_open(struct exporter_http *http, exporter_http_fn write, void *priv);
void exporter_http_close(struct exporter_http *http);
/* A descriptor for poll(): something is to be done when it can be read. */
int exporter_http_fd(const struct exporter_http *http);
/* Something is to be done after so many milliseconds in any case; -1: no. */
int exporter_http_timeout_ms(const struct exporter_http *http);
/* Take all connections that a socket has. */
void exporter_http_accept(struct exporter_http *http, int fd);
/* Do what is to be done. */
void exporter_http_run(struct exporter_http *http);

#endif /* EXPORTER_HTTP_H */
