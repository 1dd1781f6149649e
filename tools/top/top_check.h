/* SPDX-License-Identifier: GPL-2.0-only */
/* What is available on this machine, to this user. */
#ifndef TOP_CHECK_H
#define TOP_CHECK_H

#include "top_source.h"

/*
 * Attach, and print on standard output what came of it: a line for each thing that the tool
 * can show, with the reason and the remedy where it cannot. Return: 0 when programs could be
 * attached, else 1.
 */
int top_check(struct session *session, struct top_source *source);

#endif /* TOP_CHECK_H */
