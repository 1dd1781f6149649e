// SPDX-License-Identifier: GPL-2.0-only
#include "perfetto_track.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NR_KINDS	PERFETTO_COUNTERS
#define NAME_SIZE	96

/**
 * struct perfetto_track - a buffer, an owner or an engine
 * @id: its number
 * @busy: lanes that have a slice now, a bit each
 * @used: those that had one
 * @name: empty when it has none
 */
struct perfetto_track {
	uint64_t id;
	uint32_t busy;
	uint32_t used;
	char name[NAME_SIZE];
};

static const char *const track_words[NR_KINDS] = {
	[PERFETTO_BUFFERS] = "buffer",
	[PERFETTO_OWNERS] = "owner",
	[PERFETTO_ENGINES] = "fence context",
};

/* The last one of each kind is that of all for which there is no room. */
static struct perfetto_kind_tracks {
	struct perfetto_track *tracks;
	uint32_t nr;
} kinds[NR_KINDS];

/* Linear: there are few, and what is used again is mostly near the end. */
static struct perfetto_track *track_get(enum perfetto_kind kind, uint64_t id)
{
	struct perfetto_kind_tracks *all = &kinds[kind];
	uint32_t i;

	if (!all->tracks)
		all->tracks = calloc(PERFETTO_MAX_TRACKS + 1, sizeof(*all->tracks));
	if (!all->tracks)
		err(1, "no memory for %d tracks", PERFETTO_MAX_TRACKS);
	for (i = all->nr; i-- > 0; )
		if (all->tracks[i].id == id)
			return &all->tracks[i];
	if (all->nr == PERFETTO_MAX_TRACKS)
		return &all->tracks[PERFETTO_MAX_TRACKS];
	all->tracks[all->nr].id = id;
	return &all->tracks[all->nr++];
}

struct perfetto_place perfetto_enter(enum perfetto_kind kind, uint64_t id)
{
	struct perfetto_track *track = track_get(kind, id);
	uint32_t number = track - kinds[kind].tracks, lane;

	for (lane = 0; lane < PERFETTO_MAX_LANES; lane++)
		if (!(track->busy & 1U << lane))
			break;
	if (lane == PERFETTO_MAX_LANES)
		return (struct perfetto_place){ 0 };
	track->busy |= 1U << lane;
	track->used |= 1U << lane;
	return (struct perfetto_place){ kind, 1 + number * PERFETTO_MAX_LANES + lane };
}

void perfetto_leave(struct perfetto_place place)
{
	uint32_t lane = place.lane - 1;

	if (place.kind)
		kinds[place.kind].tracks[lane / PERFETTO_MAX_LANES].busy &=
			~(1U << lane % PERFETTO_MAX_LANES);
}

void perfetto_name(enum perfetto_kind kind, uint64_t id, const char *name)
{
	struct perfetto_track *track = track_get(kind, id);

	if (*name && track != &kinds[kind].tracks[PERFETTO_MAX_TRACKS])
		snprintf(track->name, sizeof(track->name), "%s", name);
}

static void track_text(enum perfetto_kind kind, uint32_t number, char *text, size_t size)
{
	const struct perfetto_track *track = &kinds[kind].tracks[number];

	if (number == PERFETTO_MAX_TRACKS)
		snprintf(text, size, "all other %ss", track_words[kind]);
	else
		snprintf(text, size, "%s %" PRIu64 "%s%s", track_words[kind], track->id,
			 track->name[0] ? " " : "", track->name);
}

static void track_lanes(enum perfetto_kind kind, uint32_t number,
			void (*fn)(struct perfetto_place place, const char *name))
{
	struct perfetto_place place = { .kind = kind };
	char text[NAME_SIZE + 48];
	uint32_t lane;

	track_text(kind, number, text, sizeof(text));
	for (lane = 0; lane < PERFETTO_MAX_LANES; lane++) {
		if (!(kinds[kind].tracks[number].used & 1U << lane))
			continue;
		place.lane = 1 + number * PERFETTO_MAX_LANES + lane;
		fn(place, text);
	}
}

void perfetto_lanes(void (*fn)(struct perfetto_place place, const char *name))
{
	enum perfetto_kind kind;
	uint32_t number;

	for (kind = PERFETTO_BUFFERS; kind < NR_KINDS; kind++)
		for (number = 0; kinds[kind].tracks && number <= PERFETTO_MAX_TRACKS; number++)
			track_lanes(kind, number, fn);
}
