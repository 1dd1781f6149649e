// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_http.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Who is slower, or more than these, is no Prometheus. */
#define MAX_CONNECTIONS	32U
#define MAX_SECONDS	10U
#define MAX_REQUEST	((size_t)16384)

static const char http_root[] =
"<!DOCTYPE html><html lang=\"en\"><title>dmasync-exporter</title>"
"<p>Waits, holders and overlap of dma-bufs: <a href=\"/metrics\">metrics</a></html>\n";

static enum MHD_Result http_send(struct MHD_Connection *connection, unsigned int status,
				 const char *type, struct MHD_Response *response)
{
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

/* @text stays. */
static enum MHD_Result http_say(struct MHD_Connection *connection, unsigned int status,
				const char *type, const char *text)
{
	return http_send(connection, status, type,
			 MHD_create_response_from_buffer(strlen(text), (void *)text,
							 MHD_RESPMEM_PERSISTENT));
}

static enum exposition_format http_format(struct MHD_Connection *connection)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT);

	return accept && strstr(accept, "application/openmetrics-text") ?
	       EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
}

static enum MHD_Result http_metrics(struct exporter_http *http,
				    struct MHD_Connection *connection)
{
	enum exposition_format format = http_format(connection);
	struct exposition page = { 0 };

	if (http->write(http->priv, format, &page)) {
		free(page.text);
		return http_say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain",
				"no memory for the metrics\n");
	}
	return http_send(connection, MHD_HTTP_OK, exposition_type(format),
			 MHD_create_response_from_buffer(page.size, page.text,
							 MHD_RESPMEM_MUST_FREE));
}

static enum MHD_Result http_request(void *priv, struct MHD_Connection *connection,
				    const char *url, const char *method, const char *version,
				    const char *data, size_t *size, void **context)
{
	(void)version;
	(void)data;
	(void)size;
	/* Called a first time when there is no more than the header. */
	if (!*context) {
		*context = priv;
		if (strcmp(method, MHD_HTTP_METHOD_GET) &&
		    strcmp(method, MHD_HTTP_METHOD_HEAD))
			return http_say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
					"only GET and HEAD\n");
		return MHD_YES;
	}
	if (!strcmp(url, "/metrics"))
		return http_metrics(priv, connection);
	if (!strcmp(url, "/"))
		return http_say(connection, MHD_HTTP_OK, "text/html", http_root);
	return http_say(connection, MHD_HTTP_NOT_FOUND, "text/plain",
			"there is /metrics, and nothing else\n");
}

int exporter_http_open(struct exporter_http *http, exporter_http_fn write, void *priv)
{
	*http = (struct exporter_http){ .write = write, .priv = priv };
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0,
					NULL, NULL, http_request, http,
					MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
					MHD_OPTION_CONNECTION_TIMEOUT, MAX_SECONDS,
					MHD_OPTION_CONNECTION_MEMORY_LIMIT, MAX_REQUEST,
					MHD_OPTION_END);
	return http->daemon ? 0 : -(errno ?: ENOMEM);
}

void exporter_http_close(struct exporter_http *http)
{
	MHD_stop_daemon(http->daemon);
	http->daemon = NULL;
}

int exporter_http_fd(const struct exporter_http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int exporter_http_timeout_ms(const struct exporter_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
		return -1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

void exporter_http_accept(struct exporter_http *http, int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int connection;

	/* One that is too many is closed there. */
	while ((connection = accept4(fd, (struct sockaddr *)&address, &len,
				     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		MHD_add_connection(http->daemon, connection, (struct sockaddr *)&address, len);
		len = sizeof(address);
	}
}

void exporter_http_run(struct exporter_http *http)
{
	MHD_run(http->daemon);
}
