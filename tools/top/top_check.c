// SPDX-License-Identifier: GPL-2.0-only
#include "top_check.h"

#include <stdio.h>

#include "top_unseen.h"

int top_check(struct session *session, struct top_source *source)
{
	struct top_unseen unseen;
	unsigned int i;

	session_update(session);
	top_unseen_find(&unseen, session, source);
	for (i = 0; i < unseen.nr; i++)
		printf("%-32s %s%s\n", top_unseen_name(i), unseen.why[i][0] ? "no: " : "yes",
		       unseen.why[i]);
	return session->state != SESSION_ATTACHED;
}
