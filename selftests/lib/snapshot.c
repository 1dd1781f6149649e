// SPDX-License-Identifier: GPL-2.0-only
/* The debugfs snapshot, parsed strictly: a test of its format by itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "st.h"

enum snap_type { SNAP_STR, SNAP_U64, SNAP_U32 };

/* One key of a line, in the order of the line. */
struct snap_key {
	const char *name;
	enum snap_type type;
	size_t offset, size;
};

#define SNAP_KEY(field, type)						\
	{ #field, type, offsetof(struct st_snap, field),		\
	  sizeof(((struct st_snap *)0)->field) }

static const struct snap_key snap_access[] = {
	SNAP_KEY(ino, SNAP_U64), SNAP_KEY(exporter, SNAP_STR),
	SNAP_KEY(size, SNAP_U64), SNAP_KEY(access, SNAP_U64),
	SNAP_KEY(owner, SNAP_U64), SNAP_KEY(kind, SNAP_STR),
	SNAP_KEY(tgid, SNAP_U32), SNAP_KEY(tid, SNAP_U32),
	SNAP_KEY(mode, SNAP_STR), SNAP_KEY(agent, SNAP_STR),
	SNAP_KEY(state, SNAP_STR), SNAP_KEY(start, SNAP_U64),
	SNAP_KEY(len, SNAP_U64), SNAP_KEY(since_ns, SNAP_U64),
	SNAP_KEY(fence, SNAP_STR), SNAP_KEY(driver, SNAP_STR),
	SNAP_KEY(timeline, SNAP_STR), SNAP_KEY(began_ns, SNAP_U64),
	SNAP_KEY(comm, SNAP_STR),
};

static const struct snap_key snap_edge[] = {
	SNAP_KEY(ino, SNAP_U64), SNAP_KEY(access, SNAP_U64),
	SNAP_KEY(owner, SNAP_U64), SNAP_KEY(blocker, SNAP_U64),
	SNAP_KEY(blocker_owner, SNAP_U64), SNAP_KEY(queued, SNAP_U32),
};

static int snap_value(struct st_snap *snap, const struct snap_key *key, const char *text)
{
	char *field = (char *)snap + key->offset, *end;
	unsigned long long number;

	if (key->type == SNAP_STR) {
		snprintf(field, key->size, "%s", text);
		return 0;
	}
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		return -EBADMSG;
	memcpy(field, &number, key->size);
	return 0;
}

/* The documented keys in their order; more may follow. comm may hold spaces: it is the last. */
static int snap_keys(struct st_snap *snap, char *line, const struct snap_key *keys,
		     unsigned int nr_keys)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr_keys; i++) {
		size_t len = strlen(keys[i].name);
		char *value;

		if (!line || strncmp(line, keys[i].name, len) || line[len] != '=')
			return -EBADMSG;
		value = line + len + 1;
		line = strcmp(keys[i].name, "comm") ? strchr(value, ' ') : NULL;
		if (line)
			*line++ = '\0';
		err = snap_value(snap, &keys[i], value);
		if (err)
			return err;
	}
	return 0;
}

/* -ENOMSG: a line that tells what was left out. */
static int snap_line(struct st_snap *snap, char *line)
{
	static const char access[] = "type=access ", edge[] = "type=edge ",
			  more[] = "type=more ";

	memset(snap, 0, sizeof(*snap));
	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, access, strlen(access)))
		return snap_keys(snap, line + strlen(access), snap_access,
				 ST_ARRAY_SIZE(snap_access));
	snap->edge = true;
	if (!strncmp(line, edge, strlen(edge)))
		return snap_keys(snap, line + strlen(edge), snap_edge,
				 ST_ARRAY_SIZE(snap_edge));
	return strncmp(line, more, strlen(more)) ? -EBADMSG : -ENOMSG;
}

int st_snapshot(uint64_t ino, struct st_snap *snaps, unsigned int max)
{
	FILE *file = fopen(ST_SNAPSHOT, "re");
	struct st_snap snap;
	char line[1024];
	int nr = 0, err = 0;

	if (!file)
		return -errno;
	while (!err && fgets(line, sizeof(line), file)) {
		err = snap_line(&snap, line);
		if (err == -ENOMSG) {
			err = 0;
			continue;
		}
		if (err || (ino && snap.ino != ino))
			continue;
		if ((unsigned int)nr < max)
			snaps[nr] = snap;
		nr++;
	}
	if (ferror(file))
		err = -EIO;
	fclose(file);
	return err ?: nr;
}

static int snap_count(uint64_t ino, const char *state, bool edge)
{
	struct st_snap *snaps;
	int max, nr, i, count = 0;

	max = st_snapshot(ino, NULL, 0);
	if (max <= 0)
		return max;
	snaps = calloc(max, sizeof(*snaps));
	if (!snaps)
		return -ENOMEM;
	nr = st_snapshot(ino, snaps, max);
	for (i = 0; i < nr && i < max; i++)
		count += snaps[i].edge == edge && (!state || !strcmp(snaps[i].state, state));
	free(snaps);
	return nr < 0 ? nr : count;
}

int st_snapshot_count(uint64_t ino, const char *state)
{
	return snap_count(ino, state, false);
}

int st_snapshot_edges(uint64_t ino)
{
	return snap_count(ino, NULL, true);
}

bool st_snapshot_becomes_empty(void)
{
	return ST_UNTIL(st_snapshot(0, NULL, 0) == 0);
}
