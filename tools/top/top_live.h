/* SPDX-License-Identifier: GPL-2.0-only */
/* Windows that end now, of programs in the kernel. */
#ifndef TOP_LIVE_H
#define TOP_LIVE_H

#include "session.h"
#include "top_feed.h"
#include "top_source.h"

/**
 * struct top_live - programs in the kernel
 * @session: their life
 * @source: what they collect
 */
struct top_live {
	struct session session;
	struct top_source source;
};

/* Programs of this kind, with these limits. */
void top_live_init(struct top_live *live, struct top_feed *feed,
		   const struct top_limits *limits, enum session_probe probe);

#endif /* TOP_LIVE_H */
