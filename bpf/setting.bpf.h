/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A variable that the tool writes before the programs are loaded, and the verifier takes for a
 * constant. tools/lib/replay.c runs the same code in user space, where it is an ordinary one.
 */
#ifndef SETTING
#define SETTING const volatile
#endif
