// SPDX-License-Identifier: LGPL-2.1-only
/* Events, of contexts and of sets that are descriptors. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/dmabuf_sync.h>

#include "call.h"
#include "dmabuf-sync.h"

SAME_VALUE(DMASYNC_EVENT_READY, DMABUF_SYNC_EVENT_READY);
SAME_VALUE(DMASYNC_EVENT_WANTED, DMABUF_SYNC_EVENT_WANTED);
SAME_VALUE(DMASYNC_EVENT_REVOKED, DMABUF_SYNC_EVENT_REVOKED);

/* As the kernel lays them out; each says how long it is. Return: how many there are. */
static int events_parse(const char *from, size_t bytes, struct dmasync_event *events)
{
	struct dmabuf_sync_event event;
	size_t done;
	int nr = 0;

	for (done = 0; bytes - done >= sizeof(event); done += event.length) {
		memcpy(&event, from + done, sizeof(event));
		events[nr++] = (struct dmasync_event){
			.type = event.type,
			.set = event.set,
			.result = event.result,
			.status = event.status,
			.user_data = event.user_data,
		};
	}
	return nr;
}

int dmasync_read_events(int fd, struct dmasync_event *events, unsigned int max)
{
	char buffer[DMASYNC_MAX_EVENTS * sizeof(struct dmabuf_sync_event)];
	ssize_t bytes;

	if (max > DMASYNC_MAX_EVENTS)
		max = DMASYNC_MAX_EVENTS;
	bytes = read(fd, buffer, max * sizeof(struct dmabuf_sync_event));
	return bytes < 0 ? -errno : events_parse(buffer, bytes, events);
}

int dmasync_set_result(int set_fd, uint32_t *status)
{
	struct dmasync_event event;
	int ret;

	do {
		ret = dmasync_read_events(set_fd, &event, 1);
		if (ret <= 0)
			return ret ?: -ENODATA;
	} while (event.type != DMASYNC_EVENT_READY);
	if (status && !event.result)
		*status = event.status;
	return event.result;
}
