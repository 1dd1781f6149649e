/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of names: what a user writes, as bpf/glob.h matches it. */
#ifndef TOOLS_GLOB_H
#define TOOLS_GLOB_H

#include "../../bpf/glob.h"

/**
 * glob_parse() - make a pattern
 * @glob: gets it
 * @text: as for a shell: '*', '?', "[abc]", "[!a-c]", and '\' before what is meant itself
 *
 * Return: 0, -EINVAL for a "[" without its end, a '\' at the end or nothing at all, -E2BIG for
 * one that is longer than any name.
 */
int glob_parse(struct glob *glob, const char *text);

#endif /* TOOLS_GLOB_H */
